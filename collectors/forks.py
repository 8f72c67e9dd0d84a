"""Tell whoever wants to know, in a forked child, that it is one."""

from __future__ import annotations

import contextlib
import os
from typing import Protocol
from weakref import WeakSet


class Inheritable(Protocol):
    """What a fork copies, and the child must not go on with as it is."""

    def after_fork(self) -> None:
        """Stop touching what the parent owns."""


_watched: WeakSet[Inheritable] = WeakSet()
_is_registered = False


def watch(inherited: Inheritable) -> None:
    """Have `inherited.after_fork` called in every child forked from now on, as long as it lives."""
    global _is_registered
    _watched.add(inherited)
    # Not on import, and once: a hook cannot be taken back.
    if not _is_registered and hasattr(os, "register_at_fork"):
        _is_registered = True
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    for inherited in tuple(_watched):
        with contextlib.suppress(Exception):
            inherited.after_fork()
