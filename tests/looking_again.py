"""A moment between two looks: whoever only looks again takes the processor from what is waited for."""

from __future__ import annotations

import threading


def a_moment() -> None:
    """Nothing, for two milliseconds."""
    threading.Event().wait(0.002)
