"""What stands in a worker's way is said in one sentence, by real servers; once it is mended the same command works."""

import os
import subprocess
import sys

import parts
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from real_servers import ROOT, built, free_port


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    part = parts.kafka(built("get_kafka.sh"), tmp_path_factory.mktemp("trouble") / "kafka", partitions=2)
    part.start()
    part.wait()
    yield part
    part.kill()


@pytest.fixture
def store(tmp_path):
    part = parts.s3(built("build_versitygw.sh"), tmp_path / "s3")
    part.start()
    part.wait()
    yield part
    part.kill()


def said_by_worker(brokers, table, topic=parts.TOPIC, **environment):
    """The exit code of a worker that cannot begin, and the only line that it says."""
    command = [sys.executable, "-m", "devserver.cli", "collect", "--kafka", brokers, "--topic", topic, "--table", table]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}, timeout=120, check=False
    )
    [line] = [line for line in done.stderr.splitlines() if line and not line.startswith("%")]
    return done.returncode, line


def test_no_broker(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    code, said = said_by_worker(address, str(tmp_path))
    assert code == 1
    assert said.startswith(f"otel-tracking: no broker answers at {address}: ")


def test_a_topic_that_is_not_there(kafka, tmp_path):
    code, said = said_by_worker(kafka.address, str(tmp_path), topic="nobody_made_it")
    assert code == 1
    assert said.startswith(f"otel-tracking: {kafka.address} has no topic 'nobody_made_it'")
    assert said.endswith("make it first")


def test_a_table_of_something_else(kafka, tmp_path):
    write_deltalake(str(tmp_path / "executions"), pa.table({"x": [1]}))
    code, said = said_by_worker(kafka.address, str(tmp_path))
    assert code == 1
    assert "is a table of something else: it has no column execution_id" in said
    assert said.endswith("A new URI would work")


@pytest.mark.parametrize(
    ("uri", "change", "sentence"),
    [
        ("s3://research/x", {"AWS_SECRET_ACCESS_KEY": "another"}, "SignatureDoesNotMatch: The request signature"),
        ("s3://nobody/x", {}, "NoSuchBucket: The specified bucket does not exist"),
        ("s3://research/x", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Connection refused"),
    ],
)
def test_an_object_store_that_cannot_be_used(kafka, store, uri, change, sentence):
    code, said = said_by_worker(kafka.address, uri, **{**store.options, **change})
    assert code == 2
    assert said.startswith(f"otel-tracking: {uri}/executions cannot be used: ")
    assert sentence in said
    assert parts.CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in said


def test_once_it_is_mended_the_same_worker_begins(kafka, store, tmp_path):
    one = parts.worker(1, tmp_path, kafka.address, "s3://research/mended", store.options)
    one.start()
    while "reading" not in one.log.read_text():
        assert one.process.poll() is None, one.log.read_text()
    one.end()
    assert one.process.returncode == 0
