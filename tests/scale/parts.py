"""The real parts of a programme, each of which can be killed and comes again: Kafka, the Collector, S3, workers."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import kafka_stage
from real_servers import ROOT, free_port

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "researcher", "AWS_SECRET_ACCESS_KEY": "only-for-this-test"}
TOPIC = "otlp_spans"


class Part:
    """A process that is killed by its own id, and started again as it was."""

    def __init__(self, name, command, log, port=None, **environment):
        self.name, self.command, self.port = name, command, port
        self.log, self.environment = Path(log), os.environ | environment
        self.process, self.kills = None, 0

    def start(self):
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=out, env=self.environment, cwd=ROOT)

    def kill(self):
        """What a power cut does to a process."""
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def end(self):
        """What an operator does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)

    def wait(self, seconds=120):
        """Until somebody listens."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            time.sleep(0.1)
        raise AssertionError(f"{self.name} does not listen: {self.log.read_text()[-2000:]}")


def kafka(class_path, directory, partitions):
    """A broker of one node, with a topic whose messages may be large."""
    directory.mkdir()
    broker = kafka_stage.Broker(class_path, directory)
    broker.start()
    broker.make_topic(TOPIC, partitions=partitions, config={"max.message.bytes": str(64 * 2**20)})
    broker.stop()
    port = int(broker.address.rpartition(":")[2])
    part = Part("kafka", broker.command, directory / "log", port)
    part.address = broker.address
    return part


def s3(binary, directory):
    """An S3 server over a folder, with a bucket in it."""
    (directory / "data" / "research").mkdir(parents=True)
    port = free_port()
    keys = {
        "ROOT_ACCESS_KEY": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "ROOT_SECRET_KEY": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    }
    command = [binary, "--port", f"127.0.0.1:{port}", "posix", str(directory / "data")]
    part = Part("s3", command, directory / "log", port, **keys)
    part.options = CREDENTIALS | {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
    }
    return part


def gateway(binary, directory, brokers):
    """The Collector with the configuration that is handed out."""
    directory.mkdir()
    port, health = free_port(), free_port()
    environment = {
        "OTELCOL_HTTP": f"127.0.0.1:{port}",
        "OTELCOL_GRPC": f"127.0.0.1:{free_port()}",
        "OTELCOL_HEALTH": f"127.0.0.1:{health}",
        "OTELCOL_QUEUE": str(directory / "queue"),
        "KAFKA_BROKERS": brokers,
    }
    config = ROOT / "otel-collector-gateway.yaml"
    subprocess.run([binary, "validate", "--config", config], check=True, env=os.environ | environment)
    part = Part("gateway", [binary, "--config", str(config)], directory / "log", port, **environment)
    part.endpoint = f"http://127.0.0.1:{port}/v1/traces"
    return part


def worker(number, directory, brokers, table, options):
    """One of the workers, as it is started from the command line."""
    command = [sys.executable, "-m", "devserver.cli", "collect", "--kafka", brokers, "--table", table, "--json"]
    command += ["--kafka-option", "session.timeout.ms=6000"]
    return Part(f"worker {number}", command, directory / f"worker{number}.log", **options)
