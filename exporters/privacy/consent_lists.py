"""Read the list of consents that somebody keeps in a spreadsheet, or say what is wrong with each row."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from exporters.errors import WrongConsents
from exporters.storage.lists import delimiter_of, text_of_list
from otel_tracking.record import read_timestamp

COLUMNS = ("person", "state", "by", "date", "form_version")
_NEEDED = COLUMNS[:4]
LARGEST = 16 * 2**20
"""Bytes of a list."""


class ConsentState(StrEnum):
    """What somebody said to a study."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What was said of one person: by whom (`person`, `guardian`, …), when, and on which version of the form.

    `date` is a day (2026-11-23) or a point in time in ISO 8601, UTC where it has no zone.
    """

    state: ConsentState
    by: str
    date: str
    form_version: str | None = None

    @property
    def is_of_a_day(self) -> bool:
        """Whether nobody knows at what time of the day it was."""
        try:
            return bool(dt.date.fromisoformat(self.date))
        except ValueError:
            return False

    @property
    def begins(self) -> dt.datetime:
        """From when on it holds."""
        return read_timestamp(self.date)

    @property
    def rank(self) -> dt.datetime:
        """Among what was said of a person, the greatest counts: a withdrawal goes before all that its day has."""
        to_the_end = self.is_of_a_day and self.state is ConsentState.WITHDRAWN
        return self.begins + dt.timedelta(days=1, microseconds=-1) if to_the_end else self.begins


def checked_consent(
    state: str, by: str, date: str, form_version: str | None = None, *, now: dt.datetime | None = None
) -> Consent:
    """What these words say. Raises `ValueError` with a sentence for what they cannot.

    >>> checked_consent("Withdrawn", "guardian", "2026-11-23").state
    <ConsentState.WITHDRAWN: 'withdrawn'>
    """
    word = state.strip().lower().replace(" ", "_")
    if word not in list(ConsentState):
        raise ValueError(f"the state {state!r:.40} is none; given, withdrawn or not_asked would work")
    if not by.strip():
        raise ValueError("nobody is named in by; person or guardian would work")
    consent = Consent(
        state=ConsentState(word), by=by.strip(), date=date.strip(), form_version=(form_version or "").strip() or None
    )
    try:
        begins = consent.begins if consent.date else None
    except ValueError:
        begins = None
    if begins is None:
        raise ValueError(f"the date {date!r:.40} is none; 2026-11-23 would work")
    # Somewhere it is tomorrow already.
    if begins > (now or dt.datetime.now(dt.UTC)) + dt.timedelta(days=1):
        raise ValueError(f"the date {date!r:.40} is still to come; consent is what somebody has said")
    return consent


def read_consent_list(path: Path) -> list[tuple[str, Consent]]:
    """The persons of a list with what was said of each, in its order. Raises `WrongConsents`."""
    try:
        text = text_of_list(path, LARGEST)
    except ValueError as trouble:
        raise WrongConsents([str(trouble)]) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    found: list[tuple[str, Consent]] = []
    wrong: list[str] = []
    try:
        names = _header(path, next(reader, []))
        for row in reader:
            try:
                if any(cell.strip() for cell in row):
                    found.append(_read_row(names, row))
            except ValueError as trouble:
                wrong.append(f"line {reader.line_num} of {path}: {trouble}")
    except csv.Error as trouble:
        wrong.append(f"line {reader.line_num} of {path} is no row of a CSV file ({trouble})")
    if wrong:
        raise WrongConsents(wrong)
    return found


def _header(path: Path, row: list[str]) -> list[str]:
    names = [cell.strip().lower().replace(" ", "_") for cell in row]
    missing = [name for name in _NEEDED if name not in names]
    if missing or len(set(names)) < len(names):
        raise WrongConsents(
            [f"line 1 of {path} names no column {', '.join(missing) or 'once'}; {','.join(COLUMNS)} would work"]
        )
    return names


def _read_row(names: list[str], row: list[str]) -> tuple[str, Consent]:
    if len(row) != len(names):
        raise ValueError(f"it has {len(row)} cells, the first line {len(names)}")
    cells: Mapping[str, str] = dict(zip(names, row, strict=True))
    person = cells["person"].strip()
    if not person:
        raise ValueError("no person is named; a user_id as in the records would work")
    return person, checked_consent(cells["state"], cells["by"], cells["date"], cells.get("form_version"))
