"""Have something done when this process ends in order, in whichever way it does.

    the interpreter ends, also with `sys.exit` in a fork      atexit
    a child of multiprocessing (fork, forkserver), a worker   its finalizers: it ends by `os._exit`, which skips atexit
    of a pool or of a ProcessPoolExecutor

Not in order are `os._exit`, signals that kill, `Process.terminate` and the end of `with Pool()`: what was logged then
is in the journal.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Protocol

_LAST = -100
"""Priority among the finalizers of multiprocessing; its own have -5 and more."""


class Closes(Protocol):
    """What is to be closed; more than once does no harm."""

    def close(self) -> object:
        """Close it."""


def close_with_the_process(owner: Closes) -> None:
    """Close `owner` at the end of this process, after its last thread that is waited for. It is not kept alive."""
    known = weakref.ref(owner)

    def close() -> None:
        if (alive := known()) is not None:
            alive.close()

    atexit.register(close)
    # Not imported for this: whoever is a child of multiprocessing has it.
    util = sys.modules.get("multiprocessing.util")
    if util is None:
        return

    made_in = os.getpid()

    def arm(_: object = None) -> None:
        # What is inherited is its parent's to close.
        if os.getpid() == made_in and _is_a_child():
            util.Finalize(None, _close_last, args=(close,), exitpriority=_LAST)

    arm()
    # A forkserver's child imports the main module before it is a child, and forgets finalizers when it becomes one.
    util.register_after_fork(owner, arm)


def _is_a_child() -> bool:
    from multiprocessing import parent_process

    return parent_process() is not None


def _close_last(close: Callable[[], object]) -> None:
    # Finalizers come before the end of the other threads, which may still log.
    _Closing(target=_when_alone, args=(close,), name="otel-tracking end", daemon=False).start()


class _Closing(threading.Thread):
    """A thread that closes a recording; several do not wait for one another."""


def _when_alone(close: Callable[[], object]) -> None:
    threading.main_thread().join()
    for thread in threading.enumerate():
        if not thread.daemon and not isinstance(thread, _Closing):
            thread.join()
    close()
