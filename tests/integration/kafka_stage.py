"""A real Kafka of one node on the loopback, and what tests do with a topic: send, read from its beginning, empty it."""

import shlex
import subprocess
import time
from contextlib import closing

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from real_servers import free_port

PATIENCE = 120
PARTITIONS = 2

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
log.dirs={logs}
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
# An operator's broker looks every five minutes for what is older than its retention, and removes it a minute later.
log.initial.task.delay.ms=100
log.retention.check.interval.ms=100
log.segment.delete.delay.ms=0
"""


class Broker:
    """A broker that is its own controller; it may be stopped and started again with what it has."""

    def __init__(self, class_path, directory):
        self.address, self.logs = f"127.0.0.1:{free_port()}", directory / "logs"
        self._java = ["java", "-Xmx256m", "-cp", class_path]
        self._log, self._properties = directory / "log", directory / "server.properties"
        _, port = self.address.split(":")
        self._properties.write_text(PROPERTIES.format(port=port, controller=free_port(), logs=self.logs))
        self._running = None
        cluster = self._run("kafka.tools.StorageTool", "random-uuid").split()[-1]
        self._run("kafka.tools.StorageTool", "format", "-t", cluster, "-c", self._properties)

    def start(self):
        with self._log.open("ab") as out:
            self._running = subprocess.Popen(self.command, stdout=out, stderr=out)
        ends = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._running.poll() is None, self._log.read_text()[-2000:]
            assert time.monotonic() < ends, "the broker does not answer"

    def stop(self):
        self._running.terminate()
        self._running.wait(PATIENCE)

    def make_topic(self, topic, partitions=PARTITIONS, config=None):
        self._carry_out(AdminClient.create_topics, [NewTopic(topic, partitions, 1, config=config or {})])

    def send(self, topic, messages):
        """Put messages into a topic: pairs of a key (or None) and a body, as the Collector's exporter writes them."""
        producer = Producer(self._client)
        for key, body in messages:
            producer.produce(topic, body, key=key)
        assert producer.flush(PATIENCE) == 0

    def read(self, topic, group):
        """What the topic has now, message by message, as a consumer gets it whose group has committed nothing."""
        options = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        with closing(Consumer(self._client | options | {"enable.partition.eof": True})) as consumer:
            consumer.subscribe([topic])
            at_their_end, ends = set(), time.monotonic() + PATIENCE
            while len(at_their_end) < PARTITIONS:
                assert time.monotonic() < ends, "the topic has no end"
                message = consumer.poll(1)
                if message is None:
                    continue
                if message.error() is None:
                    yield message.value()
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    at_their_end.add(message.partition())

    def delete_records(self, topic):
        """What `kafka-delete-records.sh` does: nothing that is in the topic now is given to anybody any more."""
        everything = [TopicPartition(topic, number, OFFSET_END) for number in range(PARTITIONS)]
        self._carry_out(AdminClient.delete_records, everything)

    def files_have(self, topic, text):
        """Whether a text is in the broker's own files of a topic; True also where one went away while it was read."""
        places = self.logs.glob(f"{topic}-*")
        return subprocess.run(["grep", "-rqsaF", text, *places], check=False).returncode != 1

    def configure(self, command):
        """Carry out a line that begins with `kafka-configs.sh`, a script that is not among the jars."""
        program, *arguments = shlex.split(command)
        assert program == "kafka-configs.sh"
        return self._run("kafka.admin.ConfigCommand", *arguments)

    @property
    def command(self):
        """What starts it."""
        return [*self._java, "kafka.Kafka", self._properties]

    @property
    def _client(self):
        return {"bootstrap.servers": self.address, "reconnect.backoff.ms": 500}

    def _carry_out(self, act, things):
        admin = AdminClient(self._client)  # what was asked is dropped when nobody has the client any more
        for done in act(admin, things).values():
            done.result()

    def _answers(self):
        try:
            return AdminClient(self._client).list_topics(timeout=2).brokers
        except KafkaException:
            return False

    def _run(self, *command):
        return subprocess.run([*self._java, *command], check=True, capture_output=True, text=True).stdout
