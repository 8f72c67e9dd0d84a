"""What can go wrong when records are stored or read, said so that the next step is clear.

StorageError
├─ NotWritable          the data directory cannot be used; raised before any run
├─ WriteFailed          a record is not durable; the same write may be tried again
├─ NoTable              there is no table of runs
├─ WrongTable           a table is there that is none of ours
├─ UnsafePath           a path that would leave the data directory
├─ BrokenFile           a file is not what its name says
├─ UnknownFormat        no such row in FORMATS
├─ UnknownOption        a format has no such option, or no such value of it
├─ UnknownExecution     nothing stored under that id
├─ UnknownDataset       a directory that is no dataset
├─ AmbiguousExecution   several executions begin like that
├─ CompactionRunning    another process has the lock
├─ ErasedMeanwhile      a run was erased while it was on its way out
├─ UnusableRoster       a list of names that cannot be looked for
├─ NoPipeline           no pipeline of spaCy where one was named
├─ WrongQuestion        SQL that cannot be answered, or would do more than ask
├─ EngineUnusable       the engine of a measure does not run on this machine
├─ StudyError           a study cannot be used
│  ├─ BadStudyName      a name that is no plain name
│  ├─ UnknownStudy      this data directory knows no such study
│  ├─ StudyIsThere      there is one of that name already
│  ├─ NoStudyKey        its key is not there
│  ├─ OtherStudyKey     the key that is there is another study's
│  └─ UnsafeStudyKey    others may read the key, or it is no key, or it lies where the data is
├─ WrongVariable        a variable of a code book that cannot be as it was said
└─ WrongList            rows of a list that cannot be read, each with its line
   ├─ WrongConsents     of a list of consents
   └─ WrongRemarks      of a list of remarks, or of what a command says of a run
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


class NoTable(StorageError, LookupError):
    """There is no table of runs at that place."""


class WrongTable(StorageError):
    """A table with other columns lies where runs were to be stored."""


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


class UnknownDataset(StorageError, LookupError):
    """A directory that is no dataset."""


class AmbiguousExecution(StorageError, LookupError):
    """More than one execution begins like that."""


class EngineUnusable(StorageError):
    """The engine that measures how near texts are in meaning is installed and does not run here."""


class UnusableRoster(StorageError, ValueError):
    """A list of names that cannot be looked for: nothing is exported under the belief that it was."""


class NoPipeline(StorageError, LookupError):
    """No pipeline of spaCy is where somebody said."""


class CompactionRunning(StorageError):
    """Another process is compacting the same data directory."""


class ErasedMeanwhile(StorageError):
    """A run was erased while it was on its way out."""


class WrongQuestion(StorageError):
    """A question in SQL that cannot be answered, or that would do more than ask."""


class StudyError(StorageError):
    """A study cannot be used; nothing was written."""


class BadStudyName(StudyError):
    """A name that is no plain name."""


class UnknownStudy(StudyError, LookupError):
    """The data directory knows no study of that name."""


class StudyIsThere(StudyError):
    """There is a study, or a key, of that name already."""


class NoStudyKey(StudyError):
    """The key of a study is not there."""


class OtherStudyKey(StudyError):
    """The key that is there is another study's."""


class UnsafeStudyKey(StudyError):
    """A key that others may read, that is none, or that lies where the data is."""


class WrongVariable(StorageError):
    """A variable of a code book that cannot be as it was said; nothing was written."""


class WrongList(StorageError):
    """A list has rows that cannot be read: `sentences` has one for each, and nothing was written."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = tuple(sentences)


class WrongConsents(WrongList):
    """A list of consents has rows that cannot be read."""


class WrongRemarks(WrongList):
    """What was said of runs cannot be kept as it was said."""


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
