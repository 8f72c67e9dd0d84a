"""What can go wrong, and who is told.

    TrackingError
    ├── RecordError      a file or message is not a record
    ├── RecordingError   a recording cannot be started
    └── MissingExtra     a part of this project is not installed (`extras.py`)

Inside somebody's pipeline nothing of this is raised: trouble goes to `Troubles`, which counts it, logs the first of
each kind, and raises only where a test asked for that.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections import Counter

_log = logging.getLogger("otel_tracking")


class TrackingError(Exception):
    """The parent of everything this project raises on purpose."""


class RecordError(TrackingError):
    """Something that should hold a record does not."""


class RecordingError(TrackingError):
    """A recording cannot be started as asked."""


class ToldTrouble(TrackingError):
    """What went wrong in another process, in words that may be told: nobody's texts are in them."""


class Unbuildable(TrackingError):
    """No record can be made of a run; what is known of it is kept where it was."""


class Troubles:
    """Counts trouble by kind, tells of the first of each kind, and keeps the pipeline out of it.

    >>> troubles = Troubles()
    >>> troubles.report("item", ValueError("odd"))
    >>> dict(troubles.counts)
    {'item': 1}
    """

    def __init__(self, *, raise_errors: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self.raise_errors = raise_errors

    def report(self, kind: str, trouble: BaseException | str) -> None:
        """`note` it, and raise it where a test asked for that."""
        self.note(kind, trouble)
        if self.raise_errors and isinstance(trouble, BaseException):
            raise trouble

    def note(self, kind: str, trouble: BaseException | str) -> None:
        """Count one trouble of `kind`. The log names the error's class, not its text: that may hold a child's words."""
        first = kind not in self.counts
        self.counts[kind] += 1
        if first:
            what = trouble if isinstance(trouble, str) else _class_of(trouble)
            # A handler of the application's own may raise, and this may be the pipeline's thread.
            with contextlib.suppress(Exception):
                _log.warning("tracking trouble (%s): %s; the pipeline goes on, later ones are only counted", kind, what)


def _class_of(trouble: BaseException) -> str:
    """The class of an error, and what the system says of its number: `OSError (No space left on device)`."""
    if isinstance(trouble, ToldTrouble):
        return str(trouble)
    name = type(trouble).__name__
    number = trouble.errno if isinstance(trouble, OSError) else None
    return f"{name} ({os.strerror(number)})" if isinstance(number, int) else name
