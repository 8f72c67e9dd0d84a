"""Settings of the interpreter for commands that do one thing for hours."""

from __future__ import annotations

import gc
import sys


def make_room_for_many_spans() -> None:
    """Settings of the interpreter for a process that does nothing else; together they double what it takes."""
    # Spans are many small objects without cycles: to look through them for some took half of the time. Those of the
    # largest requests are fewer than these.
    gc.freeze()
    gc.set_threshold(400_000, 20, 100)
    # A thread whose fsync is done should not wait for 5 ms until another lets go of the interpreter.
    sys.setswitchinterval(0.0005)
