"""What was said of one run: marks, a note and values of variables, each with who said it and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from exporters.remarks.variables import Value, checked_text


class RunMark(StrEnum):
    """What a run may be marked as. It does not leave in a selection then."""

    TEST = "test"
    EXCLUDE = "exclude"


class Remark(NamedTuple):
    """Something that was said: by whom, and when (ISO 8601, UTC)."""

    what: Any
    by: str
    at: str


class Speaker(NamedTuple):
    """Who says something now."""

    by: str
    at: str


def speaking(by: str) -> Speaker:
    """Whoever it is, now."""
    return Speaker(by, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkChange:
    """What somebody says of a run: marks that are set or taken away, another note, values; None takes a value away.

    What is not said stays. A `note` without a text goes.
    """

    marks: Mapping[RunMark, bool] = field(default_factory=dict)
    note: str | None = None
    values: Mapping[str, Value | None] = field(default_factory=dict)


CLEARED = RemarkChange(marks=dict.fromkeys(RunMark, False), note="")
"""No mark, and no note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarks:
    """What was said of one run so far."""

    marks: Mapping[RunMark, Remark] = field(default_factory=dict)
    note: Remark | None = None
    values: Mapping[str, Remark] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self.marks or self.note or self.values)

    @property
    def mark(self) -> RunMark | None:
        """Why the run does not leave in a selection; the stronger word where there are two."""
        return next((mark for mark in (RunMark.EXCLUDE, RunMark.TEST) if mark in self.marks), None)

    def changed(self, change: RemarkChange, speaker: Speaker) -> Remarks:
        """The remarks once that was said, too; what says the same again stays whoever said it first.

        Raises `ValueError` for a note that no table can hold.
        """
        note = self.note
        if change.note is not None:
            note = _said(checked_text(change.note) or None, self.note, speaker)
        marks = {mark: is_set or None for mark, is_set in change.marks.items()}
        return replace(
            self, marks=_all(self.marks, marks, speaker), note=note, values=_all(self.values, change.values, speaker)
        )


def _all(known: Mapping[Any, Remark], new: Mapping[Any, Any], speaker: Speaker) -> dict[Any, Remark]:
    """All that was said, by name; sorted, so that the same remarks are the same bytes."""
    fresh = {name: _said(what, known.get(name), speaker) for name, what in new.items()}
    return {name: said for name, said in sorted({**known, **fresh}.items()) if said is not None}


def _said(what: Any, before: Remark | None, speaker: Speaker) -> Remark | None:
    if what is None:
        return None
    is_same = before is not None and type(before.what) is type(what) and before.what == what
    return before if is_same else Remark(what, *speaker)
