"""Of a run that was erased nothing is stored again, however often a real Kafka delivers its spans."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka_stage import PATIENCE, Broker
from real_servers import ROOT, built

sys.path += [str(Path(__file__).parents[1] / name) for name in ("erasure", "exporters")]

from places_stage import OTHER, PLANTED, files_with
from records import text_of
from requests_stage import request_of, spans_by_user

from collectors.receiving import Collector, Spool
from collectors.receiving.entries import PROTOBUF
from exporters import ParquetSink, read_records

TOPIC = "otlp_spans"
"""What the Collector's kafka exporter calls the topic of traces."""

PAIRS = [spans_by_user(PLANTED, OTHER) for _ in range(3)]
PLANTED_SPANS = sum(len(pair[PLANTED]) for pair in PAIRS)
PLANTED_TRACES = [pair[PLANTED][0].context.trace_id for pair in PAIRS]
DOCUMENTED = re.findall(r"^kafka-configs\.sh .*$", (ROOT / "docs" / "privacy.md").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    broker = Broker(built("get_kafka.sh"), tmp_path_factory.mktemp("kafka"))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def topic(kafka, request):
    """The name of an empty topic."""
    name = f"{TOPIC}-{request.node.name}"
    kafka.make_topic(name)
    return name


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def messages(pairs):
    """As the exporter writes them: both people in one; or each run in one, where `partition_traces_by_id` is set."""
    for number, pair in enumerate(pairs):
        if number % 2 == 0:
            yield None, request_of([span for spans in pair.values() for span in spans[:-1]])
            yield None, request_of([spans[-1] for spans in pair.values()])
        else:
            yield from ((f"{spans[0].context.trace_id:032x}", request_of(spans)) for spans in pair.values())


@contextmanager
def collecting(data, look_seconds=0.02):
    collector = Collector([ParquetSink(data)], Spool(data / "collect"), look_seconds=look_seconds)
    try:
        yield collector
    finally:
        assert collector.close()


def hand_over(kafka, topic, group, collector):
    """Give the collector each message of the topic, from its beginning."""
    for body in kafka.read(topic, group):
        collector.accept(PROTOBUF, body)


def collect(kafka, topic, data, collector, pairs=PAIRS):
    """Send runs and store them; the records that are there then."""
    kafka.send(topic, messages(pairs))
    hand_over(kafka, topic, "first", collector)
    until(lambda: collector.health()["records"] == 2 * len(pairs) and collector.health()["spool_bytes"] == 0)
    before = stored(data)
    assert {user: len(texts) for user, texts in before.items()} == {PLANTED: len(pairs), OTHER: len(pairs)}
    assert files_with(data, PLANTED)
    return before


def until(condition):
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not become so"
        threading.Event().wait(0.02)


def stored(data):
    """The canonical JSON of each record, by whose it is."""
    found = {PLANTED: [], OTHER: []}
    for record in read_records(data):
        found[record.user_id].append(text_of(record))
    return {user: sorted(texts) for user, texts in found.items()}


def of_erased(data):
    """The files that name the erased person, or one of the traces."""
    traces = [text for trace in PLANTED_TRACES for text in (trace.to_bytes(16), f"{trace:032x}")]
    return [path for text in (PLANTED, *traces) for path in files_with(data, text)]


def erase(data):
    """`otel-tracking erase`, in a process of its own; what it says."""
    command = [sys.executable, "-m", "devserver.cli", "erase", "--user", PLANTED, "--yes", "--json", "--data", data]
    environment = os.environ | {"DEVSERVER_JOURNAL": str(data.with_name("journals"))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def deliver_twice(kafka, topic, collector):
    """From its beginning to a new group, and, after a restart of the broker, to the same, which committed nothing."""
    hand_over(kafka, topic, "second", collector)
    assert collector.health()["refused"] == PLANTED_SPANS
    kafka.stop()
    kafka.start()
    hand_over(kafka, topic, "second", collector)
    assert collector.health()["refused"] == 2 * PLANTED_SPANS


def assert_only_the_other_is_there(data, before):
    """Byte for byte as before, and no byte of the erased person."""
    assert stored(data) == {PLANTED: [], OTHER: before[OTHER]}
    assert of_erased(data) == []


def test_a_collector_that_starts_after_an_erasure_keeps_nothing_of_it(kafka, topic, data):
    """Another had stored the runs and was closed; the broker has the messages still."""
    with collecting(data) as collector:
        before = collect(kafka, topic, data, collector)
    told = erase(data)
    assert (told["runs"], told["complete"]) == (len(PAIRS), True)
    assert_only_the_other_is_there(data, before)

    # It does not tidy its spool up, so that what it took is looked through too.
    with collecting(data, look_seconds=600) as collector:
        deliver_twice(kafka, topic, collector)
        assert_only_the_other_is_there(data, before)
        assert collector.health()["rejected_spans"] == collector.health()["quarantined"] == 0
    assert_only_the_other_is_there(data, before)


def test_a_collector_that_is_open_all_the_time_keeps_nothing_of_it(kafka, topic, data):
    """It stored the runs itself, and is at work while another process erases them."""
    with collecting(data) as collector:
        before = collect(kafka, topic, data, collector)
        assert erase(data)["runs"] == len(PAIRS)
        until(lambda: not of_erased(data))

        deliver_twice(kafka, topic, collector)
        assert collector.health()["rejected_spans"] == collector.health()["quarantined"] == 0
    assert_only_the_other_is_there(data, before)


def test_what_nobody_had_read_is_erased_by_erasing_again(kafka, topic, data):
    """A run that only the broker had was in no place that an erasure knows."""
    with collecting(data) as collector:
        collect(kafka, topic, data, collector, PAIRS[:1])
        assert erase(data)["runs"] == 1
        kafka.send(topic, messages(PAIRS[1:]))
        hand_over(kafka, topic, "second", collector)
        until(lambda: [len(texts) for texts in stored(data).values()] == [2, 3])
        before = stored(data)

        assert erase(data)["runs"] == 2
        until(lambda: not of_erased(data))
        hand_over(kafka, topic, "third", collector)
    assert_only_the_other_is_there(data, before)


def test_the_broker_is_named_and_emptied_by_the_documented_commands(kafka, topic, data):
    """Records that are deleted are given to nobody; their bytes leave the broker's files when they are too old."""
    with collecting(data) as collector:
        before = collect(kafka, topic, data, collector)
    [broker] = [one for one in erase(data)["beyond"] if one["place"] == "brokers"]
    assert broker["advice"] == "let their retention expire, or purge the topic"
    assert any(PLANTED.encode() in body for body in kafka.read(topic, "second"))

    kafka.delete_records(topic)
    assert list(kafka.read(topic, "third")) == []
    assert kafka.files_have(topic, PLANTED)

    shorten, restore = (line.replace("BROKER:9092", kafka.address).replace(TOPIC, topic) for line in DOCUMENTED)
    kafka.configure(shorten)
    until(lambda: not kafka.files_have(topic, PLANTED))
    kafka.configure(restore)
    kafka.send(topic, messages(PAIRS[:1]))
    assert len(list(kafka.read(topic, "fourth"))) == 2
    assert_only_the_other_is_there(data, before)
