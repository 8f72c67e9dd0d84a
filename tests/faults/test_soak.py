"""Hundreds of runs leave nothing behind: no garbage cycles, no live spans, no journal segments."""

import gc

import pytest

from collectors import start_recording
from collectors.recording.open_runs import OpenRun
from collectors.recording.recorded_span import RecordedSpan
from collectors.spans.recorded import SpanData
from collectors.testing import RememberingSink
from otel_tracking import ItemType
from otel_tracking.span_event import Frame

RUNS = 300


class ForgetfulSink(RememberingSink):
    """A sink that only counts."""

    written = 0

    def write(self, record):
        self.written += 1


def one_run(tracker, number):
    with tracker.execution("stillepost") as run:
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content=f"prompt {number}", metadata={"object": object()})
        with run.stage(2) as stage, stage.iteration(1) as hop, hop.backend_call("ollama", model="m") as call:
            call.passed({"seed": number})
            hop.item(ItemType.INTERCEPTION_ITERATION, content="x" * 100)
        with run.output(1) as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=b"png" * 1000)


def alive():
    kinds = (OpenRun, SpanData, RecordedSpan, Frame)
    return {kind.__name__: sum(type(found) is kind for found in gc.get_objects()) for kind in kinds}


@pytest.mark.parametrize("journalled", [True, False])
def test_hundreds_of_runs_leave_nothing_behind(journalled, ram):
    gc.collect()
    before = alive()
    sink = ForgetfulSink()
    recording = start_recording([sink], journal=ram if journalled else False, recover_dead_runs=False)
    tracker = recording.tracker()
    one_run(tracker, 0)
    assert recording.flush(60)
    gc.collect()
    gc.disable()
    try:
        for number in range(1, RUNS):
            one_run(tracker, number)
        assert recording.flush(60)
        # Cycles would only be found by the collector; without any, memory is given back at once.
        assert gc.collect() < RUNS
    finally:
        gc.enable()
    assert recording.close(timeout=60)
    assert sink.written == RUNS
    del recording, tracker
    gc.collect()
    assert alive() == before
    assert not list(ram.rglob("*.journal"))
