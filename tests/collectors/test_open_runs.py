"""When a run is over: grace, age, crowding, closing; and what becomes of what comes later."""

import pytest
from builders import items_of

from collectors.delivery.road import Road
from collectors.flight_recorder import FlightRecorder
from collectors.recording.assembly import Assembly
from collectors.recording.live import LiveFeed
from collectors.recording.open_runs import OpenRuns
from collectors.recording.provider import RecordingTracerProvider, make_resource
from collectors.testing import ManualClock, RememberingSink
from otel_tracking import ExecutionTracker, FinishReason, Status
from otel_tracking.errors import Troubles


class Stage:
    """Open runs on a clock that stands still, with everything behind them real."""

    def __init__(self, max_open_runs=1_000):
        self.troubles, self.clock, self.sink = Troubles(), ManualClock(), RememberingSink()
        self.road = Road([self.sink], self.troubles)
        self.assembly = Assembly(self.road, grace=1e6, max_age=1e6)
        recorder = FlightRecorder("/dev/null")
        self.runs = OpenRuns(recorder, self.assembly.take, self.troubles, max_open_runs=max_open_runs, clock=self.clock)
        self.assembly.start(self.runs, LiveFeed(self.runs))
        provider = RecordingTracerProvider(self.runs, make_resource(None, None), self.troubles)
        self.tracker = ExecutionTracker(provider, emit=self.runs.record, troubles=self.troubles)

    def record(self, run=None):
        assert self.road.flush(20)
        latest = self.sink.latest()
        return latest[run.trace_id] if run else next(iter(latest.values()))


@pytest.fixture
def stage():
    return Stage()


def test_a_run_with_an_open_span_is_written_when_its_grace_has_passed(stage):
    run = stage.tracker.execution("dada")
    open_stage = run.stage(2)
    run.end()
    stage.clock.advance(4.9)
    stage.runs.take_overdue(grace=5, max_age=100)
    assert len(stage.runs) == 1

    stage.clock.advance(0.1)
    stage.runs.take_overdue(grace=5, max_age=100)
    first = stage.record()
    assert (first.finish_reason, first.status, len(stage.runs)) == (FinishReason.GRACE_EXPIRED, Status.COMPLETED, 0)
    assert first.spans[1].execution_time is None

    open_stage.end()
    second = stage.record()
    assert (second.finish_reason, second.revision) == (FinishReason.LATE_SPAN, 2)
    assert second.spans[1].execution_time is not None


def test_a_run_that_never_ends_is_written_as_interrupted_when_it_is_too_old(stage):
    run = stage.tracker.execution("dada")
    run.item("user_input_text", content="a")
    stage.clock.advance(100)
    stage.runs.take_overdue(grace=5, max_age=100)
    record = stage.record()
    assert (record.finish_reason, record.status) == (FinishReason.TOO_OLD, Status.INTERRUPTED)
    assert record.total_execution_time is None

    run.end()
    assert (stage.record().status, stage.record().revision) == (Status.COMPLETED, 2)


def test_the_oldest_run_makes_room_when_too_many_are_open():
    stage = Stage(max_open_runs=2)
    runs = [stage.tracker.execution(f"run {number}") for number in range(3)]
    record = stage.record(runs[0])
    assert (record.finish_reason, record.status) == (FinishReason.TOO_MANY_OPEN, Status.INTERRUPTED)
    assert len(stage.runs) == 2

    for run in runs:
        run.item("user_input_text", content="still there")
        run.end()
    for run in runs:
        record = stage.record(run)
        assert (record.status, len(items_of(record, "user_input_text"))) == (Status.COMPLETED, 1)


@pytest.mark.parametrize("by", ["grace", "age"])
def test_an_item_logged_on_an_open_span_after_its_run_was_written_is_in_the_next_revision(stage, by):
    run = stage.tracker.execution("dada")
    open_stage = run.stage(2)
    if by == "grace":
        run.end()
    stage.clock.advance(100)
    stage.runs.take_overdue(grace=5, max_age=100)
    first = stage.record()

    open_stage.item("interception_final", content="late, and the span never ends")
    stage.runs.take_all()
    second = stage.record()
    assert second.revision > first.revision
    assert [item.content for item in items_of(second, "interception_final")] == ["late, and the span never ends"]


def test_a_run_is_over_when_its_root_has_ended_and_nothing_is_open(stage):
    run = stage.tracker.execution("dada")
    scope = run.stage(1)
    run.end()
    assert len(stage.runs) == 1
    scope.end()
    assert len(stage.runs) == 0
    assert stage.record().finish_reason == FinishReason.ROOT_ENDED


def test_the_journal_that_is_freed_is_the_one_of_the_revision_that_became_durable():
    class Journal:
        freed = False

        def append(self, entry):
            return True

        def free(self):
            self.freed = True

    class Recorder:
        def __init__(self):
            self.journals = []

        def begin(self, trace_id):
            self.journals.append(Journal())
            return self.journals[-1]

    recorder, troubles = Recorder(), Troubles()
    road = Road([], troubles)
    assembly = Assembly(road, grace=1e6, max_age=1e6)
    runs = OpenRuns(recorder, assembly.take, troubles)
    provider = RecordingTracerProvider(runs, make_resource(None, None), troubles)
    run = ExecutionTracker(provider, emit=runs.record, troubles=troubles).execution("dada")
    late = run.stage(2)
    run.end()
    runs.take_overdue(grace=0, max_age=100)
    late.item("interception_final", content="before the first revision was assembled")
    assert len(recorder.journals) == 2

    assembly.start(runs, LiveFeed(runs))
    assert road.flush(20)
    assert [journal.freed for journal in recorder.journals] == [True, False]
