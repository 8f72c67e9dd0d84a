"""What can go wrong when records are stored or read, said so that the next step is clear.

StorageError
├─ NotWritable          the data directory cannot be used; raised before any run
├─ WriteFailed          a record is not durable; the same write may be tried again
├─ UnsafePath           a path that would leave the data directory
├─ BrokenFile           a file is not what its name says
├─ UnknownFormat        no such row in FORMATS
├─ UnknownOption        a format has no such option, or no such value of it
├─ UnknownExecution     nothing stored under that id
├─ AmbiguousExecution   several executions begin like that
└─ CompactionRunning    another process has the lock
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path


class StorageError(Exception):
    """Something about stored records, in words; the parent of all below."""


class NotWritable(StorageError):
    """The data directory cannot be written to."""


class WriteFailed(StorageError):
    """A write did not become durable; nothing of it is visible, and it may be tried again."""


class UnsafePath(StorageError):
    """A path that would leave the place where it belongs."""


class BrokenFile(StorageError):
    """A file whose content is not a record, or not all of it; `path` names it where it is one of a store's tables."""

    def __init__(self, sentence: str, path: Path | None = None) -> None:
        super().__init__(sentence)
        self.path = path


class NothingSelected(StorageError):
    """No run that is stored is one of those that were asked for."""


class UnknownFormat(StorageError):
    """A format that nobody has written a row for."""


class UnknownOption(StorageError):
    """An option that a format does not have, or a value that it does not know."""


class UnknownExecution(StorageError, LookupError):
    """No execution is stored under that id."""


class AmbiguousExecution(StorageError, LookupError):
    """More than one execution begins like that."""


class CompactionRunning(StorageError):
    """Another process is compacting the same data directory."""


def suggest(name: str, known: Iterable[str], count: int = 3) -> str:
    """` Did you mean …?` with the closest known names; empty when nothing is close.

    >>> suggest("jsn", ["json", "xml"])
    ' Did you mean json?'
    """
    close = difflib.get_close_matches(name, list(known), count, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def listed(names: Sequence[str], limit: int = 10) -> str:
    """`a, b and 3 more`: a list that stays readable."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
