"""A signal handler that raises while an append waits for its lock is what its pipeline hears of."""

import signal
import threading
from pathlib import Path

import pytest

from collectors.flight_recorder import FlightRecorder


class Stop(BaseException):
    """What the handler raises."""


def test_what_a_handler_raises_reaches_the_pipeline_and_the_lock_is_free_afterwards(tmp_path: Path) -> None:
    recorder = FlightRecorder(tmp_path, force=True)
    run = recorder.begin(trace_id=5)
    is_held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with run._lock:
            is_held.set()
            may_go.wait(60)

    def stop(*_: object) -> None:
        may_go.set()
        raise Stop

    holder = threading.Thread(target=hold)
    holder.start()
    assert is_held.wait(60)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        with pytest.raises(Stop):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            run.append(b"an entry")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    holder.join()

    assert run.append(b"another")
    recorder.close()
