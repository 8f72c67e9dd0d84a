"""How far a piece of work is: shown to whoever follows the run, the latest only, and recorded nowhere."""

import pytest
from opentelemetry.sdk.trace import TracerProvider

from collectors import start_recording
from collectors.recording.open_runs import MOST_PROGRESS
from collectors.testing import RememberingSink
from otel_tracking import ExecutionTracker


def words(events):
    """Done, total and unit of what was shown."""
    return [tuple(event.fields[name] for name in ("done", "total", "unit")) for event in events if is_progress(event)]


def is_progress(event):
    return event.kind == "progress"


def test_a_reader_that_wants_it_is_told_where_and_how_far(recording):
    tracker = recording.tracker()
    with tracker.execution("dada") as run, run.output(2) as output, output.stage(4) as stage:
        call = stage.backend_call("comfyui")
        call.progress(12, 25)
        reader = recording.live.follow(run.trace_id, timeout=60, progress=True)
        shown = next(filter(is_progress, reader))
        assert words([shown]) == [(12, 25, "steps")]
        assert f"{shown.span_id:016x}" == call.span_id
        assert (shown.fields["devserver.stage"], shown.fields["devserver.loop_iteration"]) == (4, 2)
        call.progress(13, 25)
        assert words([next(reader)]) == [(13, 25, "steps")]
        call.end()
    rest = list(reader)
    assert words(rest) == []
    assert rest[0].number == shown.number + 1


def told_so_far(recording, run):
    """What a reader that comes now is told before it would have to wait."""
    seen = []
    with pytest.raises(TimeoutError):
        for event in recording.live.follow(run.trace_id, timeout=0, progress=True):
            seen.append(event)  # what was read before the error counts
    return seen


def test_a_slow_reader_gets_the_latest_only(recording):
    with recording.tracker().execution("dada") as run, run.stage(2) as stage, stage.backend_call("comfyui") as call:
        for done in range(1, 1001):
            call.progress(done, 1000)
        seen = told_so_far(recording, run)
    assert words(seen) == [(1000, 1000, "steps")]


def test_nobody_else_gets_it_and_no_record_has_it():
    records = []
    for says in (True, False):
        sink = RememberingSink()
        with start_recording([sink], journal=False) as recording:
            with recording.tracker().execution("dada") as run, run.stage(2) as stage:
                with stage.backend_call("comfyui") as call:
                    for done in range(100 if says else 0):
                        call.progress(done, 100)
                stage.item("interception_final", content="a")
                trace_id = run.trace_id
            kinds = [event.kind for event in recording.live.follow(trace_id, timeout=60)]
        (record,) = sink.records
        records.append(
            (kinds, [(span.name, sorted(span.facts or ())) for span in record.spans], record.items[-1].content)
        )
    assert records[0] == records[1]
    assert "progress" not in records[0][0]


@pytest.mark.parametrize("said", [("sk-123456", 2), (1, "of many"), (None, None), (object(), 3)])
def test_only_numbers_are_told(recording, said):
    with recording.tracker().execution("dada") as run, run.stage(2) as stage, stage.backend_call("comfyui") as call:
        call.progress(*said)
        call.progress(1, 2, unit="a text of somebody's")
        seen = told_so_far(recording, run)
    assert words(seen) == [(1, 2, "")]


def test_what_is_over_is_forgotten_when_there_is_much(recording):
    with recording.tracker().execution("dada") as run, run.stage(2) as stage:
        for number in range(3 * MOST_PROGRESS):
            with stage.backend_call("comfyui") as call:
                call.progress(number)
        assert len(call.span.run.progress) <= MOST_PROGRESS + 1


def test_under_another_provider_and_after_the_end_nothing_happens(recording):
    with ExecutionTracker(TracerProvider()).execution("dada") as run, run.stage(2) as stage:
        stage.backend_call("comfyui").progress(1, 2)
    with recording.tracker().execution("dada") as run, run.stage(2) as stage:
        with stage.backend_call("comfyui") as call:
            pass
        call.progress(1, 2)
    call.progress(2, 2)
    assert words(recording.live.follow(run.trace_id, timeout=60, progress=True)) == []
