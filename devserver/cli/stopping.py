"""Hear that a command that runs until it is stopped is to stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def when_stopped() -> threading.Event:
    """Set by Ctrl-C, or by SIGTERM as a service manager sends it."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
    return stopped


def wait_for(stopped: threading.Event) -> None:
    """Wait without end, in pieces: a wait without a limit would not hear signals everywhere."""
    while not stopped.wait(3600):
        pass


def stop_by_either_signal() -> None:
    """SIGTERM is Ctrl-C from now on: what is half made goes, and how far it came is said."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
