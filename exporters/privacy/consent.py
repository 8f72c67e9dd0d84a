"""Know who said yes to a study, and let only their runs out.

    DATA/privacy/consent/<study>.jsonl    a line for each time that somebody said something; nobody's name

A person is there by keyed marks of their pseudonyms, so that a line is found for a name, for a pseudonym, and for a run
that has either. A name may be that of a user, a session or a device: nobody who keeps a list has to know which.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from exporters.errors import BrokenFile, StorageError
from exporters.privacy.consent_lists import Consent, ConsentState
from exporters.privacy.exports_ledger import FOLDER
from exporters.privacy.studies import Study, facts_of, open_study, study_names
from exporters.privacy.study_keys import StudyKeys
from exporters.storage.files import locked, sync_directory
from otel_tracking.pseudonyms import KINDS, Pseudonyms, is_pseudonym

_LABEL = "consent"
_LISTS = "consent"
"""The folder of what was said, in that of what is private."""


class Said(NamedTuple):
    """A line: the marks of a person, and what was said."""

    marks: tuple[str, ...]
    consent: Consent


class Consents:
    """What was said to one study. Several processes may write."""

    def __init__(self, data_dir: str | Path, study: Study) -> None:
        self._path = Path(data_dir) / FOLDER / _LISTS / f"{study.name}.jsonl"
        self._pseudonyms = study.pseudonyms

    def note(self, said: Iterable[tuple[str, Consent]]) -> int:
        """Keep what was said of each person, durably, and give how much of it was new. `OSError` where it cannot be."""
        with locked(self._path) as descriptor, os.fdopen(descriptor, "r+b", closefd=False) as file:
            content = file.read()
            known = set(self._lines(content))
            fresh = dict.fromkeys(Said(self._marks_of(person), consent) for person, consent in said)
            new = [line for line in fresh if line not in known]
            # A line that a death cut off was never acknowledged; the next one must not become its end.
            file.truncate(content.rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
            told = (json.dumps({"marks": said.marks, "consent": asdict(said.consent)}) for said in new)
            file.write("".join(f"{line}\n" for line in told).encode())
            file.flush()
            os.fsync(descriptor)
        sync_directory(self._path.parent)
        return len(new)

    def lines(self) -> list[Said]:
        """All that was said, the first first. Raises `BrokenFile` where a line cannot be read."""
        try:
            return list(self._lines(self._path.read_bytes()))
        except FileNotFoundError:
            return []

    def history(self, person: str) -> list[Consent]:
        """What was said of one person, by name or pseudonym, the earliest first."""
        marks = set(self._marks_of(person))
        found = [line.consent for line in self.lines() if marks & set(line.marks)]
        return sorted(found, key=lambda consent: consent.rank)

    def is_of(self, person: str) -> Callable[[Any], bool]:
        """Whether a run, a record or a row, is of that person: what an erasure asks."""
        return lambda run: bool(self.fields_of(person, run))

    def fields_of(self, person: str, run: Any) -> list[str]:
        """The fields in which a run names that person."""
        marks = self._marks_of(person)
        return [field for field in KINDS if not set(marks).isdisjoint(marks_of_run(self._pseudonyms, run, [field]))]

    def strangers(self, persons: Iterable[str], runs: Iterable[Any]) -> list[str]:
        """The persons of whom none of these runs is: not yet, or their names are spelt in another way."""
        known = {mark for run in runs for mark in marks_of_run(self._pseudonyms, run)}
        return [person for person in dict.fromkeys(persons) if known.isdisjoint(self._marks_of(person))]

    def states(self, at: dt.datetime | None = None) -> dict[str, ConsentState]:
        """What holds at an instant (now, where none is named), by mark."""
        return _latest(self.lines(), at or dt.datetime.now(dt.UTC))

    def counts(self) -> Counter[str]:
        """How many persons there are in each state, now."""
        states = self.states()
        return Counter(states[mark].value for mark in {line.marks[0] for line in self.lines()} & states.keys())

    def _marks_of(self, person: str) -> tuple[str, ...]:
        names = [person] if is_pseudonym(person) else [self._pseudonyms.of(field, person) for field in KINDS]
        return tuple(self._pseudonyms.mark(_LABEL, name) for name in names if name)

    def _lines(self, content: bytes) -> Iterator[Said]:
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            try:
                said = json.loads(line)
                consent = Consent(**{**said["consent"], "state": ConsentState(said["consent"]["state"])})
                yield Said(tuple(map(str, said["marks"])), _dated(consent))
            except (ValueError, TypeError, KeyError, RecursionError) as trouble:
                raise BrokenFile(
                    f"line {number} of {self._path} is damaged, and nobody knows who said yes; put back a copy of it",
                    self._path,
                ) from trouble


class Withheld(StrEnum):
    """Why a run does not leave."""

    WITHOUT_CONSENT = "without_consent"
    WITHDRAWN = "withdrawn"
    UNDECIDED = "undecided"


class Gate:
    """Lets runs out, and counts those that it does not by study and reason; each run once.

    Runs of no study, and of one that the data directory does not know, are not its business. Where a study cannot be
    read or its key is not there, nothing of it leaves; `troubles` says why, by study. So it is where a study is gone
    and its list of consents is there.
    """

    def __init__(self, data_dir: str | Path, at: dt.datetime | None = None, *, keys: StudyKeys | None = None) -> None:
        self._data_dir, self._at, self._keys = data_dir, at or dt.datetime.now(dt.UTC), keys
        self._names = frozenset(study_names(data_dir)) | _listed(data_dir)
        self._rules: dict[str, _Rule] = {}
        self._withheld: dict[tuple[str, Withheld], set[str]] = {}
        self.troubles: dict[str, str] = {}

    def lets_out(self, run: Any) -> bool:
        """Whether a run may leave; a record, or a row of a list."""
        name = str(run.study_id)
        if run.study_id is None or name not in self._names:
            return True
        reason = self._rule(name).reason(run)
        if reason is not None:
            self._withheld.setdefault((name, reason), set()).add(run.trace_id or run.execution_id)
        return reason is None

    @property
    def asks(self) -> bool:
        """Whether the data directory has a study of which not every run may leave."""
        return any(not self._rule(name).is_open for name in self._names)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many runs did not leave, by study and reason."""
        found: dict[str, dict[str, int]] = {}
        for (name, reason), runs in sorted(self._withheld.items()):
            found.setdefault(name, {})[reason.value] = len(runs)
        return found

    def count(self, reason: Withheld) -> int:
        """How many runs did not leave for one reason, over all studies."""
        return sum(len(runs) for (_, why), runs in self._withheld.items() if why is reason)

    def _rule(self, name: str) -> _Rule:
        if name not in self._rules:
            try:
                self._rules[name] = self._read_rule(name)
            except (StorageError, OSError) as trouble:
                self.troubles[name] = str(trouble)
                self._rules[name] = _Rule(None, None)
        return self._rules[name]

    def _read_rule(self, name: str) -> _Rule:
        if not facts_of(self._data_dir, name).consent_required:
            return _Rule(None, None, is_open=True)
        study = open_study(self._data_dir, name, keys=self._keys)
        return _Rule(study.pseudonyms, Consents(self._data_dir, study).states(self._at))


class _Rule(NamedTuple):
    """What holds for the runs of one study; nothing leaves where it has no states."""

    pseudonyms: Pseudonyms | None
    states: dict[str, ConsentState] | None
    is_open: bool = False

    def reason(self, run: Any) -> Withheld | None:
        """Why a run does not leave; None where it does."""
        if self.is_open:
            return None
        if self.pseudonyms is None or self.states is None:
            return Withheld.UNDECIDED
        said = {self.states.get(mark) for mark in marks_of_run(self.pseudonyms, run)}
        if ConsentState.WITHDRAWN in said:
            return Withheld.WITHDRAWN
        return None if ConsentState.GIVEN in said else Withheld.WITHOUT_CONSENT


def consent_gate(data_dir: str | Path, at: dt.datetime | None = None, *, keys: StudyKeys | None = None) -> Gate:
    """The gate of a data directory, as things are now or were at an instant.

    >>> consent_gate("/nowhere").counts
    {}
    """
    return Gate(data_dir, at, keys=keys)


def marks_of_run(pseudonyms: Pseudonyms, run: Any, fields: Iterable[str] = KINDS) -> list[str]:
    """The marks of everybody whom a run names in these fields."""
    names = [pseudonyms.of(field, getattr(run, field)) for field in fields]
    return [pseudonyms.mark(_LABEL, name) for name in names if name is not None]


def _listed(data_dir: str | Path) -> frozenset[str]:
    """The studies that somebody has said something to."""
    return frozenset(path.stem for path in (Path(data_dir) / FOLDER / _LISTS).glob("*.jsonl"))


def _latest(lines: Sequence[Said], at: dt.datetime) -> dict[str, ConsentState]:
    in_force = [line for line in lines if line.consent.begins <= at]
    # The later line counts among equals: sorting keeps their order.
    in_order = sorted(in_force, key=lambda line: line.consent.rank)
    return {mark: line.consent.state for line in in_order for mark in line.marks}


def _dated(consent: Consent) -> Consent:
    """The consent, whose date is one. Raises `ValueError`."""
    if not consent.date or not consent.begins:
        raise ValueError("no date")
    return consent
