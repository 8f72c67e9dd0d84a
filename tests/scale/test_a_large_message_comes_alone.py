"""A worker fetches little at once, and still gets a message that is larger than all that it fetches."""

import os

import parts
from confluent_kafka import Producer
from programme_stage import running
from real_servers import built

from collectors.streaming.kafka import FETCHED_BYTES, KafkaSource

SIZES = [10, 40 * FETCHED_BYTES, 5, 20 * FETCHED_BYTES]


class FromTheBeginning:
    """A reader of all partitions that it is given."""

    def __init__(self):
        self.source = None

    def assigned(self, partitions):
        for partition in partitions:
            self.source.seek(partition, None)

    def revoked(self, partitions):
        pass

    lost = revoked


def test_it_is_read_whole_and_in_its_order(tmp_path):
    broker = parts.kafka(built("get_kafka.sh"), tmp_path / "kafka", partitions=1)
    with running(broker):
        producer = Producer({"bootstrap.servers": broker.address, "message.max.bytes": 100 * 2**20})
        for size in SIZES:
            producer.produce(parts.TOPIC, os.urandom(size), key=b"one")
        assert producer.flush(120) == 0
        reader, found = FromTheBeginning(), []
        reader.source = KafkaSource(broker.address, parts.TOPIC, "readers")
        while len(found) < len(SIZES):
            found += [len(message.body) for message in reader.source.poll(0.5, reader)]
        reader.source.close()
    assert found == SIZES
