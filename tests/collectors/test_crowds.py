"""Many runs open at once: who makes room for the others, and that nobody does it twice."""

from collections import Counter

import pytest
from builders import items_of

from collectors import start_recording
from collectors.delivery.road import Road
from collectors.flight_recorder import FlightRecorder
from collectors.recording.assembly import Assembly
from collectors.recording.crowd import RUN_BYTES
from collectors.recording.live import LiveFeed
from collectors.recording.open_runs import OpenRuns
from collectors.recording.provider import RecordingTracerProvider, make_resource
from collectors.testing import ManualClock, RememberingSink
from otel_tracking import ExecutionTracker, FinishReason, ItemType, Status
from otel_tracking.errors import Troubles


class Crowded:
    """Open runs with limits of their own, everything behind them real; `look` is what happens every second."""

    def __init__(self, **limits):
        troubles, self.clock, self.sink = Troubles(), ManualClock(), RememberingSink()
        self.road = Road([self.sink], troubles)
        assembly = Assembly(self.road, grace=1e6, max_age=1e6)
        recorder = FlightRecorder(enabled=False)
        self.runs = OpenRuns(recorder, assembly.take, troubles, clock=self.clock, **limits)
        assembly.start(self.runs, LiveFeed(self.runs))
        provider = RecordingTracerProvider(self.runs, make_resource(None, None), troubles)
        self.tracker = ExecutionTracker(provider, emit=self.runs.record, troubles=troubles)

    def begin(self, count):
        return [self.tracker.execution(f"run {number}") for number in range(count)]

    def look(self, seconds=1):
        self.clock.advance(seconds)
        self.runs.take_overdue(grace=5, max_age=3600)

    def records(self):
        assert self.road.flush(20)
        return self.sink.records


def log(run, content="a text"):
    run.item(ItemType.USER_INPUT_TEXT, content=content)


def test_fifteen_hundred_runs_that_are_open_at_once_are_one_record_each(sink):
    recording = start_recording([sink], journal=False)
    runs = [recording.tracker().execution("dada") for _ in range(1_500)]
    for number in range(3):
        for run in runs:
            log(run, f"text {number}")
    for run in runs:
        run.end()
    assert recording.close(timeout=60)
    assert [record.revision for record in sink.records] == [1] * 1_500
    assert Counter(len(items_of(record, "user_input_text")) for record in sink.records) == {3: 1_500}


def test_the_run_that_has_been_idle_longest_makes_room_not_the_one_that_began_first():
    crowd = Crowded(max_open_runs=3)
    first, idle, third = crowd.begin(3)
    log(first), log(third)
    crowd.begin(1)
    (record,) = crowd.records()
    assert (record.trace_id, record.finish_reason) == (idle.trace_id, FinishReason.TOO_MANY_OPEN)


def test_those_that_have_been_idle_longest_make_room_one_after_the_other():
    """They are lined up once, and whoever moves meanwhile steps out of the line."""
    crowd = Crowded(max_open_runs=5)
    runs = crowd.begin(5)
    for number in (3, 0, 4, 1, 2):
        log(runs[number])
    crowd.begin(1)
    log(runs[0])
    crowd.begin(3)
    assert [record.trace_id for record in crowd.records()] == [runs[number].trace_id for number in (3, 4, 1, 2)]


def test_a_crowd_that_logs_in_turns_is_not_handed_over_in_turns():
    """Each makes room once; whoever goes on is held by its scope anyway, and stays open until it ends."""
    crowd = Crowded(max_open_runs=10)
    runs = crowd.begin(40)
    for number in range(20):
        for run in runs:
            log(run, f"text {number}")
    for run in runs:
        run.end()
    revisions = Counter(record.revision for record in crowd.records())
    assert revisions == {1: 40, 2: 30}
    latest = crowd.sink.latest()
    for run in runs:
        contents = [item.content for item in items_of(latest[run.trace_id], "user_input_text")]
        assert contents == [f"text {number}" for number in range(20)]
        assert latest[run.trace_id].status == Status.COMPLETED


@pytest.mark.parametrize("what", ["texts", "media"])
def test_idle_runs_make_room_where_all_of_them_hold_too_many_bytes(what):
    crowd = Crowded(max_open_bytes=10 * RUN_BYTES)
    runs = crowd.begin(4)
    for run in runs:
        if what == "texts":
            log(run, "x" * (3 * RUN_BYTES))
        else:
            run.item(ItemType.OUTPUT_IMAGE, media=bytes(3 * RUN_BYTES), media_format="image/png")
    crowd.look()
    assert {record.trace_id for record in crowd.records()} == {run.trace_id for run in runs[:2]}
    crowd.look()
    assert len(crowd.records()) == 2


def test_a_run_that_holds_too_much_all_alone_stays_open():
    crowd = Crowded(max_open_bytes=RUN_BYTES)
    (run,) = crowd.begin(1)
    log(run, "x" * 100_000)
    crowd.look()
    assert (len(crowd.runs), crowd.records()) == (1, [])


def test_a_run_that_is_too_old_and_goes_on_is_not_written_with_each_of_its_items():
    crowd = Crowded()
    (run,) = crowd.begin(1)
    crowd.look(3600)
    for _ in range(20):
        log(run)
        crowd.look()
    assert [record.finish_reason for record in crowd.records()] == [FinishReason.TOO_OLD]
    run.end()
    assert len(items_of(crowd.records()[-1], "user_input_text")) == 20


def test_a_span_that_goes_on_after_its_run_ended_has_its_grace_again():
    crowd = Crowded()
    (run,) = crowd.begin(1)
    late = run.stage(1)
    run.end()
    crowd.look(5)
    for _ in range(4):
        log(late)
        crowd.look()
    assert len(crowd.records()) == 1
    crowd.look()
    assert [record.revision for record in crowd.records()] == [1, 2]
