"""A record read back into spans is that record again: what comes late can join it."""

from dataclasses import replace

import pytest
from builders import Bang, record_of
from odd_values import ENUMS, KEPT, LOSSY, PLAINED
from sources import log_everywhere, records_of_all_sources

from collectors.building.record import build_record
from collectors.building.spans_of_record import counted_spans_of, is_exact, spans_of_record
from collectors.receiving.remote_run import RemoteRun
from exporters import ParquetSink, read_records

VALUES = {**KEPT, **ENUMS, **{name: make for name, (make, _) in PLAINED.items()}, **LOSSY}
del VALUES["shares itself exponentially"]


@pytest.mark.parametrize("name", VALUES)
def test_a_record_of_any_value_is_the_same_again(name):
    """Wherever the value was logged."""
    record = records_of_all_sources(log_everywhere(VALUES[name]()))["protobuf"]
    assert is_exact(spans_of_record(record), record)


def failing(run):
    with run.stage(2) as stage:
        stage.item("interception_final", content="x")
        raise Bang("no")


def cancelled(run):
    run.cancel()


def blocked(run):
    with run.stage(1) as stage:
        stage.item("stage1_blocked", content="no")


@pytest.mark.parametrize("pipeline", [failing, cancelled, blocked])
def test_a_run_that_ended_otherwise_is_the_same_again(pipeline):
    """With its error, its status and its outcome."""
    record = record_of(pipeline)
    assert is_exact(spans_of_record(record), record)


def test_what_is_missing_is_still_known_to_be_missing_and_can_come(tmp_path):
    """A run without two of its spans, stored and read again: each that comes is one less."""
    from receiver_stage import spans_of_runs
    from wire import from_sdk

    [run], records = spans_of_runs(1)
    spans = list(map(from_sdk, run))
    ParquetSink(tmp_path).write(build_record(spans[2:]))
    [stored] = read_records(tmp_path)
    read = spans_of_record(stored)
    assert (stored.dropped, is_exact(read, stored)) == (4, True)
    assert build_record([*read, spans[1]]).dropped == 2
    [own] = records.values()
    assert build_record([*read, *spans[:2]]).to_dict() == own.to_dict()


@pytest.mark.parametrize("pipeline", [failing, cancelled, blocked, log_everywhere(1)])
def test_a_run_that_is_whole_says_so_and_is_the_same(pipeline):
    """Whoever takes its spans stores them at once, and does not wait for more."""
    record, run = record_of(pipeline), RemoteRun(0)
    spans = counted_spans_of(record)
    for span in spans:
        assert not run.is_whole
        run.add([span])
    assert run.is_whole
    assert is_exact(spans, record)


def test_a_run_of_which_something_is_missing_does_not_say_that_it_is_whole():
    record = replace(record_of(blocked), dropped=1)
    assert counted_spans_of(record) == spans_of_record(record)
