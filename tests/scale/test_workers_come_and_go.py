"""Workers that come, leave, die and come back as ghosts while producers send: the table has each execution once."""

import json
import signal
from collections import Counter

import parts
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from programme_stage import compare, listed, produce, running, until, until_stored
from real_servers import built

GROUP = "otel-tracking"
RUNS_A_CHANGE = 250


@pytest.fixture
def programme(tmp_path):
    broker = parts.kafka(built("get_kafka.sh"), tmp_path / "kafka", partitions=6)
    gateway = parts.gateway(built("build_collector.sh"), tmp_path / "gateway", broker.address)
    workers = [parts.worker(number, tmp_path, broker.address, str(tmp_path / "table"), {}) for number in (1, 2, 3)]
    with running(broker, gateway):
        changing = Changing(broker, gateway, workers, tmp_path)
        try:
            yield changing
        finally:
            for process in (*changing.producers, *(worker.process for worker in workers if worker.process)):
                process.kill()
                process.wait()


class Changing:
    """A programme, and changes to its workers while it goes on."""

    def __init__(self, broker, gateway, workers, home):
        self.broker, self.gateway, self.workers, self.home = broker, gateway, workers, home
        self.table, self.producers, self.lists = str(home / "table"), [], []
        self.admin = AdminClient({"bootstrap.servers": broker.address})

    def send(self):
        """Producers that send while whatever follows is done: one with an outbox, one without."""
        for _ in range(2):
            self.lists.append(self.home / f"sent{len(self.lists)}")
            seed = 100 + len(self.lists)
            self.producers.append(produce(self.gateway.endpoint, RUNS_A_CHANGE // 2, seed, self.lists[-1]))
        until(self.lists[-1].exists, lambda: "nothing is sent")

    def until_shared_by(self, members):
        """Wait until so many workers share all partitions; the group takes one that is silent for gone."""

        def shares():
            try:
                group = self.admin.describe_consumer_groups([GROUP])[GROUP].result(30)
            except KafkaException as not_yet:
                return not_yet
            return Counter(len(member.assignment.topic_partitions) for member in group.members)

        until(lambda: shares() == {6 // members: members}, lambda: f"the partitions are shared as {shares()}")

    def until_all_is_stored(self):
        assert [process.wait(120) for process in self.producers] == [0] * len(self.producers)
        until_stored(listed(*self.lists), self.table, self.workers)


def test_nothing_is_lost_and_nothing_is_there_twice(programme):
    first, second, third = programme.workers

    first.start()
    programme.send()
    programme.until_shared_by(1)

    programme.send()
    second.start()
    third.start()
    programme.until_shared_by(3)

    programme.send()
    third.end()
    programme.until_shared_by(2)

    programme.send()
    second.kill()
    programme.until_shared_by(1)

    programme.send()
    second.start()
    third.start()
    programme.until_shared_by(3)

    programme.send()
    first.process.send_signal(signal.SIGSTOP)
    programme.until_all_is_stored()  # by the two others, who have taken it for dead
    programme.send()
    first.process.send_signal(signal.SIGCONT)
    programme.until_shared_by(3)

    programme.send()
    second.end()
    third.end()
    programme.until_shared_by(1)
    programme.send()
    programme.until_all_is_stored()
    first.end()

    expected = listed(*programme.lists)
    late = compare(expected, programme.table)
    stored = sum(json.loads(line)["records"] for worker in programme.workers for line in healths(worker))
    print(f"\n{len(expected):,} executions, each once, {late} in a later revision; {stored} by workers that said so")


def healths(worker):
    """What a worker says of itself at its end, each time it was asked to end."""
    return [line for line in worker.log.read_text().splitlines() if line.startswith("{") and '"records"' in line]
