"""Make every recorder inert in a forked child."""

from __future__ import annotations

import contextlib
import os
from typing import Protocol
from weakref import WeakSet


class Inheritable(Protocol):
    """What a fork copies and the child must not use."""

    def become_inert(self) -> None:
        """Stop touching what the parent owns."""


_watched: WeakSet[Inheritable] = WeakSet()
_is_registered = False


def watch(recorder: Inheritable) -> None:
    """Have `recorder.become_inert` called in every child forked from now on, as long as the recorder lives."""
    global _is_registered
    _watched.add(recorder)
    # Not on import, and once: a hook cannot be taken back.
    if not _is_registered:
        _is_registered = True
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    for recorder in tuple(_watched):
        with contextlib.suppress(Exception):
            recorder.become_inert()
    _watched.clear()
