"""A collector gives runs to the process of its sink: the same records, each once, whatever happens to that process."""

import os
import random
import signal
from collections import Counter
from functools import partial

from looking_again import a_moment
from receiver_stage import body_of, collecting, spans_of_runs, text_of
from strangers_stage import COUNTS, item, request_of, span_of

from collectors.receiving.entries import JSON, PROTOBUF
from collectors.spans.event import FinishedEvent, event_of_payload
from collectors.spans.glance import event_at_a_glance
from exporters import ParquetSink, list_executions, read_records

beside = partial(collecting, assembly="process")


def process_of(collector):
    return collector.health()["sinks"][0]["process"]


def wait_for_stored(collector, count):
    while collector.health()["records"] < count or collector.health()["waiting"]:
        a_moment()


def test_records_are_what_their_own_process_made_of_them(tmp_path):
    runs, records = spans_of_runs(5)
    with beside([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        for run in runs:
            collector.accept(PROTOBUF, body_of(run))
        wait_for_stored(collector, len(runs))
        assert process_of(collector) not in (None, os.getpid())
    stored = {record.trace_id: text_of(record) for record in read_records(tmp_path / "data")}
    assert stored == {trace_id: text_of(record) for trace_id, record in records.items()}
    health = collector.health()
    assert (health["records"], health["items"]) == (5, sum(len(record.items) for record in records.values()))


def test_what_was_stored_there_is_known_here(tmp_path):
    """The same run once more, one that has its name, and what belongs to it: nobody has to look into files for that."""
    [run], [own] = (lambda made: (made[0], made[1].values()))(spans_of_runs(1))
    sink = ParquetSink(tmp_path / "data")
    with beside([sink], tmp_path / "collect") as collector:
        collector.accept(PROTOBUF, body_of(run))
        wait_for_stored(collector, 1)
        assert (sink.revision_of(own.trace_id), sink.trace_of(own.execution_id)) == (1, own.trace_id)
        twin, start = run[0].context.trace_id ^ 1, run[-1].start_time
        named = item(1, "pipeline_start", metadata={"execution_id": own.execution_id}, timestamp=start)
        collector.accept(JSON, request_of(span_of(twin, events=[named], start=start, counts=COUNTS)))
    [aside] = collector.quarantine.asides
    assert aside.trace_id == f"{twin:032x}"

    with beside([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        collector.accept(PROTOBUF, body_of(run))
    assert [row.execution_id for row in list_executions(tmp_path / "data")] == [own.execution_id]


def test_what_comes_late_joins_the_run(tmp_path):
    """It is compared with what is stored, and so made here."""
    [run], records = spans_of_runs(1)
    with beside([ParquetSink(tmp_path / "data")], tmp_path / "collect", max_age=0.0) as collector:
        collector.accept(PROTOBUF, body_of(run[:2]))
        wait_for_stored(collector, 1)
    with beside([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        collector.accept(PROTOBUF, body_of(run[1:]))
    [record], [own] = read_records(tmp_path / "data"), records.values()
    assert (record.revision, record.items, record.spans) == (2, own.items, own.spans)


def test_a_run_of_which_no_record_can_be_made_is_set_aside_and_holds_up_no_other(tmp_path):
    """That is found out there, and told here."""
    [run], records = spans_of_runs(1)
    trace = 0xABC << 100
    odd = item(1, "pipeline_start", metadata=5, of_a_later_version=True)
    with beside([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        collector.accept(JSON, request_of(span_of(trace, events=[odd], counts=COUNTS)))
        collector.accept(PROTOBUF, body_of(run))
        while not collector.quarantine.asides or collector.health()["waiting"]:
            a_moment()
        health = collector.health()
    [aside] = collector.quarantine.asides
    assert (aside.trace_id, aside.reason) == (f"{trace:032x}", "could not be made a record (TypeError)")
    assert (health["records"], health["set_aside"], health["guarded_errors"].get("build")) == (1, 1, None)
    assert {record.trace_id for record in read_records(tmp_path / "data")} == set(records)


def test_each_run_is_stored_once_however_often_the_process_is_killed(tmp_path):
    dice, (runs, records) = random.Random(4), spans_of_runs(60)
    killed = set()
    with beside([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        for number, run in enumerate(runs):
            collector.accept(PROTOBUF, body_of(run))
            process = process_of(collector)
            if process and process not in killed and dice.random() < 0.3:
                os.kill(process, signal.SIGKILL)
                killed.add(process)
            if number % 20 == 19:
                wait_for_stored(collector, number + 1)
    assert killed
    stored = Counter(record.trace_id for record in read_records(tmp_path / "data"))
    assert stored == Counter(records.keys())
    assert collector.health()["waiting"] == 0


DEEP = '{"fact":"deep","value":' + "[" * 900 + "]" * 900 + "}"


def test_an_event_is_ours_by_a_glance_and_read_where_somebody_asks(tmp_path):
    """What can be seen of it is what a reading says; one that then cannot be read says nothing, and stops nobody."""
    said = event_at_a_glance('{"fact":"n","value":[1,2]}')
    assert said == FinishedEvent({"fact": "n", "value": [1, 2]})
    assert (said.is_item, said.number, said.is_plain) == (False, None, True)
    for text in (
        "[]",
        "7",
        "{}",
        '{"fact":5}',
        '{"item_type":"a","media_type":"b","sequence_number":-1,"timestamp_ns":1}',
    ):
        assert event_at_a_glance(text) == event_of_payload(text) is None
    unread = FinishedEvent.unread('{"fact":"cut', None)
    assert (unread.fields, unread.is_plain) == ({}, False)
    after = item(2, "user_edit", content="after it")
    span = span_of(0xDEE << 100, events=[item(1, "pipeline_start"), DEEP, after], counts=COUNTS)
    with beside([ParquetSink(tmp_path / "data")], tmp_path / "collect", grace=0.05, patience=0.05) as collector:
        collector.accept(JSON, request_of(span))
        wait_for_stored(collector, 1)
    [record] = read_records(tmp_path / "data")
    assert [one.content for one in record.items][-1] == "after it"
