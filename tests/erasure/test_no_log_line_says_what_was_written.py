"""Logs outlive an erasure and lie where nobody looks for words of children: no line has a text, or a name."""

import logging
import os

import pytest
import requests
from places_stage import PLANTED
from requests_stage import PLANTED_SPANS, request_of

from collectors import start_recording
from collectors.flight_recorder.background import Counts
from collectors.listening.gate import Leave
from collectors.receiving import Collector, Spool, TraceReceiver
from collectors.receiving.server import listening
from collectors.testing import FailingSink, RememberingSink
from devserver.pipeline import Pipeline
from devserver.requests import Request
from devserver.testing import ScriptedMaker, ScriptedSafety, scripted_engines
from devserver.web.asking.runner import Runner
from otel_tracking import ItemType
from otel_tracking.taxonomy import broken_rules


@pytest.fixture
def lines(caplog):
    """All that any logger says at any level, with what it says of errors."""
    caplog.set_level(logging.DEBUG)
    formatter = logging.Formatter("%(name)s %(message)s")
    return lambda: "\n".join(map(formatter.format, caplog.records))


class Trouble(Exception):
    """An error that says what was written, as errors do."""

    def __init__(self, *_):
        super().__init__(f"cannot paint what {PLANTED} wrote")


class Awkward:
    """A value that refuses to be looked at, loudly."""

    def __repr__(self):
        raise Trouble

    __str__ = __eq__ = __hash__ = __repr__


def test_a_recording_that_meets_every_trouble(lines):
    """Odd types, odd places, values that raise, a sink that fails, an error that ends the run, a tracker used late."""
    sink = FailingSink([Trouble(), OSError(28, os.strerror(28))])
    recording = start_recording([sink], journal=False, retry_seconds=0.01)
    with pytest.raises(Trouble), recording.tracker().execution("dada", user_id=PLANTED, session_id=PLANTED) as run:
        run.item(PLANTED, content=PLANTED)
        run.item(ItemType.OUTPUT_IMAGE, content=PLANTED, metadata={"awkward": Awkward(), PLANTED: Awkward()})
        with run.stage(2) as stage, stage.iteration(PLANTED) as iteration:
            iteration.item(ItemType.INTERCEPTION_ITERATION, content=PLANTED)
        raise Trouble
    run.item(ItemType.USER_INPUT_TEXT, content=PLANTED)
    assert recording.flush(20)
    recording.close()
    run.item(ItemType.USER_INPUT_TEXT, content=PLANTED)
    said = lines()
    assert "unusual item" in said
    assert "tracking trouble" in said
    assert PLANTED not in said
    assert PLANTED not in str(recording.health())


def test_a_pipeline_and_a_runner_that_fail(lines):
    """An engine's error, an error of ours, and a run that cannot be begun."""
    engines = scripted_engines(check_safety=ScriptedSafety(), procedural_image=ScriptedMaker(fail))
    with start_recording([RememberingSink()], journal=False) as recording:
        runner = Runner(Pipeline(recording.tracker(), engines), slots=1)
        for config in ("bauhaus", PLANTED):
            job = runner.submit(Request(prompt=f"{PLANTED} paints", config_name=config, user_id=PLANTED))
            assert job.done.wait(30)
        assert runner.close()
    assert "a run could not be started" in lines()
    assert PLANTED not in lines()


def fail(text, seed):
    raise Trouble


def test_a_collector_and_its_connections(lines, tmp_path):
    """Requests that cannot be made a record, that are none, and an error that nobody foresaw."""
    collector = Collector([FailingSink([Trouble()] * 9)], Spool(tmp_path / "collect"), look_seconds=0.01)
    *rest, root = PLANTED_SPANS
    bodies = [request_of(spans) for spans in ([*rest, root], [rest[0]], [root, rest[0]])]
    bodies.append(bodies[0].replace(rest[0].name.encode(), rest[0].name.upper().encode()))
    for number, body in enumerate([*bodies, PLANTED.encode(), bodies[0][:-7]]):
        with listening(TraceReceiver(collector), "127.0.0.1", 0) as address:
            headers = {"Content-Type": "application/x-protobuf", "X-Number": str(number)}
            requests.post(f"{address}/v1/traces", data=body, headers=headers, timeout=30)
    collector.close()
    assert PLANTED not in lines()


def test_an_error_while_something_is_sent(lines):
    """The server that hears connections logs errors with all they say, unless it is told not to."""

    class Application:
        def gate(self, head):
            return Leave(True, 0)

        def __call__(self, environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"begin"
            raise Trouble

    with listening(Application(), "127.0.0.1", 0) as address, pytest.raises(requests.exceptions.RequestException):
        requests.get(f"{address}/", timeout=30).raise_for_status()
    said = lines()
    assert "Trouble" in said
    assert "in __call__" in said, "where it came up is said"
    assert PLANTED not in said


def test_what_the_flight_recorder_meets(lines):
    counts = Counts()
    counts.error(Trouble())
    counts.error(OSError(28, os.strerror(28), "/dev/shm/x"))
    assert "the flight recorder met Trouble" in lines()
    assert "No space left" in lines()
    assert PLANTED not in lines()


@pytest.mark.parametrize("value", [PLANTED, PLANTED.lower(), f"{PLANTED}_x", ["x", PLANTED], 5.5, None])
def test_what_is_unusual_of_an_item_is_said_without_what_it_says(value):
    said = [*broken_rules("output_image", value, value, value), *broken_rules("x y", 1, value, None)]
    assert PLANTED.lower() not in " ".join(said).lower()


def test_words_of_programs_are_said():
    """A log that said nothing of what is unusual would help nobody."""
    assert broken_rules("output_hologram", 4, None, 1) == ("unknown item type 'output_hologram'",)
    assert "in stage 7" in broken_rules("output_image", 7, None, 1)[0]
