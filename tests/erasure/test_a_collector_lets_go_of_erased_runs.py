"""A collector at work takes what comes of an erased run, so that nobody sends it again, and keeps nothing of it."""

import threading
import time
from contextlib import closing

import pytest
from places_stage import PLANTED, files_with, is_planted
from requests_stage import KINDS, OTHER_SPANS, OTHER_TRACE, PLANTED_SPANS, PLANTED_TRACE, request_of

from collectors.receiving import Collector, Spool
from collectors.receiving.entries import PROTOBUF
from collectors.testing import RememberingSink
from devserver.erasing import places_of
from devserver.settings import Settings
from exporters import ParquetSink
from exporters.erasure import erase as erase_runs

PATIENCE = 30


class Erased(set):
    """The trace ids of erased runs, in hex, as a collector asks for them."""

    def add_trace(self, trace_id):
        self.add(f"{trace_id:032x}")


@pytest.fixture
def erased():
    return Erased()


@pytest.fixture
def sink():
    return RememberingSink()


@pytest.fixture
def collector(tmp_path, sink, erased):
    collector = Collector([sink], Spool(tmp_path / "collect"), look_seconds=0.01, is_erased=erased.__contains__)
    yield collector
    collector.close()


def until(condition):
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not become so"
        threading.Event().wait(0.005)


@pytest.mark.parametrize("kind", KINDS)
def test_spans_that_come_late_are_taken_counted_and_never_on_disk(collector, sink, erased, tmp_path, kind):
    """Those of others in the same request become their record."""
    erased.add_trace(PLANTED_TRACE)
    accepted = collector.accept(kind, request_of([*PLANTED_SPANS, *OTHER_SPANS], kind), sender="x")
    assert (accepted.rejected, accepted.message) == (0, "")
    assert collector.health()["refused"] == len(PLANTED_SPANS)
    assert files_with(tmp_path, PLANTED) == []
    until(lambda: sink.records)
    assert [record.trace_id for record in sink.records] == [f"{OTHER_TRACE:032x}"]


def test_a_request_of_erased_runs_alone_is_not_kept(collector, sink, erased, tmp_path):
    erased.add_trace(PLANTED_TRACE)
    collector.accept(PROTOBUF, request_of(PLANTED_SPANS))
    assert collector.health()["spool_bytes"] == 0
    assert files_with(tmp_path, PLANTED_TRACE.to_bytes(16)) == []


def test_a_run_that_is_waited_for_is_dropped_and_its_segment_goes(collector, sink, erased, tmp_path):
    """Within a look or two; nothing has to be sent for that."""
    collector.accept(PROTOBUF, request_of(PLANTED_SPANS[:-1]))
    assert files_with(tmp_path, PLANTED)
    assert collector.health()["open_runs"] == 1
    erased.add_trace(PLANTED_TRACE)
    until(lambda: collector.health()["open_runs"] == 0 and not files_with(tmp_path, PLANTED))
    assert collector.health()["refused"] == len(PLANTED_SPANS) - 1
    collector.accept(PROTOBUF, request_of(PLANTED_SPANS[-1:]))
    assert collector.health()["refused"] == len(PLANTED_SPANS)
    assert sink.records == []


def test_texts_of_stored_runs_do_not_stay_in_the_spool_of_a_quiet_collector(collector, sink, tmp_path):
    """A segment goes when its runs are durable, not when it is full: erased or not."""
    collector.accept(PROTOBUF, request_of([*PLANTED_SPANS, *OTHER_SPANS]))
    until(lambda: len(sink.records) == 2 and collector.health()["spool_bytes"] == 0)
    assert files_with(tmp_path, PLANTED) == []


def test_what_was_set_aside_is_let_go_of_too(collector, sink, erased, tmp_path):
    """Also where another run's entry has the request they came in; that one can be taken up as it was."""
    collector.accept(PROTOBUF, request_of([*PLANTED_SPANS, *OTHER_SPANS]), sender="class-1")
    until(lambda: len(sink.records) == 2)
    name = PLANTED_SPANS[0].name.encode()
    stranger = request_of([*PLANTED_SPANS[:1], *OTHER_SPANS[:1]]).replace(name, name.upper())
    collector.accept(PROTOBUF, stranger, sender="class-2")
    until(lambda: len(collector.quarantine) == 2)
    assert files_with(tmp_path / "collect" / "quarantine", PLANTED)
    erased.add_trace(PLANTED_TRACE)
    until(lambda: len(collector.quarantine) == 1)
    assert files_with(tmp_path / "collect" / "quarantine", PLANTED) == []
    [aside] = collector.quarantine.asides
    [request] = collector.quarantine.requests_of(aside)
    assert request.body == request_of(OTHER_SPANS[:1]).replace(name, name.upper())


def test_what_an_earlier_process_took_is_dropped_at_the_start(sink, erased, tmp_path):
    spool = Spool(tmp_path / "collect")
    spool.append(PROTOBUF, request_of([*PLANTED_SPANS[:-1], *OTHER_SPANS]), {PLANTED_TRACE, OTHER_TRACE})
    spool.close()
    erased.add_trace(PLANTED_TRACE)
    collector = Collector([sink], Spool(tmp_path / "collect"), look_seconds=0.01, is_erased=erased.__contains__)
    until(lambda: sink.records and not files_with(tmp_path, PLANTED))
    assert [record.trace_id for record in sink.records] == [f"{OTHER_TRACE:032x}"]
    assert collector.health()["refused"] == len(PLANTED_SPANS) - 1
    assert collector.close()


def test_nothing_is_taken_while_nobody_can_say_what_was_erased(sink, tmp_path):
    """A sender is told to come again; to keep what was erased would be worse than to wait."""

    def broken(_):
        raise OSError("tombstones cannot be read")

    collector = Collector([sink], Spool(tmp_path / "collect"), look_seconds=60, is_erased=broken)
    with pytest.raises(OSError, match="tombstones"):
        collector.accept(PROTOBUF, request_of(PLANTED_SPANS))
    assert files_with(tmp_path, PLANTED) == []
    collector.close()


def test_an_erasure_beside_a_collector_is_complete_but_for_what_is_told(tmp_path, ram, monkeypatch):
    """The collector has let go a moment later, also of who sent what was stored before it was started."""
    monkeypatch.setenv("DEVSERVER_JOURNAL", str(ram))
    data = tmp_path / "data"
    with closing(Collector([ParquetSink(data)], Spool(data / "collect"), look_seconds=0.01)) as before:
        before.accept(PROTOBUF, request_of([*PLANTED_SPANS, *OTHER_SPANS]), sender="class-1")
        until(lambda: before.counts["records"] == 2)
    with closing(Collector([ParquetSink(data)], Spool(data / "collect"), look_seconds=0.001)):
        done = erase_runs(data, is_planted, places=places_of(Settings(data_dir=data)), reason="person")
        until(lambda: not any(PLANTED_TRACE.to_bytes(16) in path.read_bytes() for path in senders_of(data)))

    assert (done.complete, done.left) == (True, ())
    assert files_with(data, PLANTED) == []


def senders_of(data):
    return list((data / "collect").glob("senders*"))
