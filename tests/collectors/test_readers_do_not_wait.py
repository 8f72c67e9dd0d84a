"""Whoever reads waits for runs that have just ended, but for no sink that fails, and for one that hangs only once."""

import threading

import pytest
from builders import Bang

from collectors import start_recording
from collectors.delivery.road import Road
from collectors.testing import RememberingSink, WaitingSink
from otel_tracking.errors import Troubles

LONG = 3_600.0
"""Seconds: whoever waits for them does not come back within a test."""


class BrokenSink(RememberingSink):
    """A sink that fails until it is mended."""

    def __init__(self):
        super().__init__()
        self.is_broken = True

    def write(self, record):
        if self.is_broken:
            raise OSError(30, "Read-only file system")
        super().write(record)


def run(recording, name="dada"):
    recording.tracker().execution(name).end()


class CountedWaits(threading.Condition):
    """A condition that counts who was made to wait."""

    waits = 0

    def wait(self, timeout=None):
        self.waits += 1
        return super().wait(timeout)


def test_a_run_that_has_just_ended_is_waited_for():
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording:
        run(recording)
        assert recording.settle(LONG)
        assert len(sink.records) == 1


def test_nothing_is_waited_for_where_nothing_is_pending():
    road = Road([RememberingSink()], Troubles())
    road._changed = CountedWaits()
    assert road.settle(LONG)
    assert road._changed.waits == 0
    road.close(1.0)


def test_a_sink_that_fails_is_waited_for_by_no_reader():
    """Not by the one who came before it failed, and not by any later one, also where new runs have ended."""
    sink = BrokenSink()
    with start_recording([sink, RememberingSink()], journal=False, retry_seconds=0.001) as recording:
        run(recording)
        assert recording.settle(LONG) is False
        run(recording)
        assert [recording.settle(LONG) for _ in range(4)] == [False] * 4

        sink.is_broken = False
        assert recording.flush(timeout=30)
        assert recording.settle(LONG)
        assert len(sink.records) == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Bang(), SystemExit(1)])
def test_whatever_a_sink_raises_nobody_waits_for_it(error):
    class Raising(RememberingSink):
        def write(self, record):
            raise error

    recording = start_recording([Raising()], journal=False)
    run(recording)
    assert recording.settle(LONG) is False
    assert recording.close(timeout=0.1) is False


def test_a_sink_that_hangs_is_waited_for_by_one_reader_until_it_goes_on():
    sink = WaitingSink()
    recording = start_recording([sink], journal=False)
    run(recording)
    assert sink.entered.wait(60)
    assert recording.settle(0.01) is False
    assert [recording.settle(LONG) for _ in range(3)] == [False] * 3

    sink.release()
    assert recording.flush(timeout=60)
    run(recording)
    assert recording.settle(LONG)
    assert len(sink.records) == 2
    assert recording.close(timeout=60)


def test_a_sink_that_fails_keeps_nobody_from_what_another_one_takes():
    """The records that readers read are in the one that works: those are waited for."""
    broken, working = BrokenSink(), WaitingSink()
    with start_recording([broken, working], journal=False, retry_seconds=0.001) as recording:
        for _ in range(3):
            run(recording)
        threading.Thread(target=working.release).start()
        assert recording.settle(LONG) is False
        assert len(working.records) == 3
        broken.is_broken = False
