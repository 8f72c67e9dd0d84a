"""Read what somebody says of many runs in a spreadsheet, or say what is wrong with each cell.

The first column is `execution_id`; `trace_id` tells runs apart that share one. The others are `is_test`, `is_excluded`,
`note` and variables of the code book. What a run has of its own (its prompt, its configuration) may stand beside them
and is passed over. The first apostrophe of a cell is no part of it, as in every CSV of ours.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from exporters.errors import WrongRemarks, WrongVariable
from exporters.formats.csv_cells import unprotect
from exporters.remarks.book import RemarkBook
from exporters.remarks.remarks import RemarkChange, RunMark
from exporters.remarks.variables import RESERVED, checked_text, read_boolean, read_value
from exporters.storage.lists import delimiter_of, text_of_list
from otel_tracking.erasure import RunId

LARGEST = 64 * 2**20
"""Bytes of a sheet."""

MARKS: Mapping[str, RunMark] = {"is_test": RunMark.TEST, "is_excluded": RunMark.EXCLUDE}
"""The columns of marks."""

_OF_THE_RUN = RESERVED - {*MARKS, "note"}

RunsOfId = Callable[[str], Sequence[Any]]
"""Gives the rows of the runs that have an execution id."""


class SheetRow(NamedTuple):
    """One row: its line in the file, whose run it is about, and its cells by column."""

    line: int
    execution_id: str
    trace_id: str | None
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file, and a sentence for each that is none and for each column that nobody knows.

    `decimal_comma` says whether its numbers may be written as in Germany.
    """

    path: Path
    rows: Sequence[SheetRow]
    wrong: Sequence[str]
    decimal_comma: bool


def read_sheet(path: Path, book: RemarkBook) -> Sheet:
    """The rows of a sheet. Raises `WrongRemarks` for a file that is none, or not whole."""
    try:
        text = text_of_list(path, LARGEST)
    except ValueError as trouble:
        raise WrongRemarks([str(trouble)]) from None
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = _header(path, next(reader, []))
        unknown = {name: why for name in names if name not in _OF_THE_RUN and (why := _why_unknown(book, name))}
        found = list(_rows(reader, names, set(names) - _OF_THE_RUN - unknown.keys()))
    except csv.Error as trouble:
        raise WrongRemarks([f"line {reader.line_num} of {path} is no row of a CSV file ({trouble})"]) from None
    wrong = [(1, why) for why in unknown.values()] + [one for one in found if not isinstance(one, SheetRow)]
    rows = [one for one in found if isinstance(one, SheetRow)]
    return Sheet(path, rows, [f"line {line} of {path}, {why}" for line, why in wrong], decimal_comma=delimiter == ";")


def changes_in(
    sheet: Sheet, book: RemarkBook, runs_of: RunsOfId, *, clears_empty: bool = False
) -> tuple[dict[RunId, RemarkChange], list[str]]:
    """What a sheet says of each run, and what is wrong with other rows, a sentence for each cell.

    An empty cell says nothing; with `clears_empty` it takes away what was said before.
    """
    reading = _Reading(book, sheet.decimal_comma, clears_empty)
    changes: dict[RunId, RemarkChange] = {}
    wrong = list(sheet.wrong)
    lines: dict[RunId, int] = {}
    for row in sheet.rows:
        troubles, run = [], _run_of(row, runs_of)
        if isinstance(run, str):
            troubles.append(f"execution_id: {run}")
        elif (key := RunId(run.execution_id, run.trace_id)) in lines:
            troubles.append(f"execution_id: {row.execution_id!r:.80} stands on line {lines[key]}, too; once would work")
        else:
            lines[key] = row.line
            change, troubles = reading.change(row, run)
            if not troubles:
                changes[key] = change
        wrong += [f"line {row.line} of {sheet.path}, {trouble}" for trouble in troubles]
    return changes, wrong


def said_in_words(book: RemarkBook, run: Any, values: Mapping[str, str]) -> RemarkChange:
    """What somebody says of one run by names and values; an empty one takes away. Raises `WrongRemarks`."""
    reading = _Reading(book, decimal_comma=False, clears_empty=True)
    known = {name: text for name, text in values.items() if reading.is_known(name)}
    change, troubles = reading.change(SheetRow(0, run.execution_id, run.trace_id, known), run)
    unknown = [sentence for name in values if (sentence := _why_unknown(book, name))]
    if unknown or troubles:
        raise WrongRemarks([*unknown, *troubles])
    return change


@dataclass(frozen=True, slots=True)
class _Reading:
    """How cells are read."""

    book: RemarkBook
    decimal_comma: bool
    clears_empty: bool

    def is_known(self, name: str) -> bool:
        return not _why_unknown(self.book, name)

    def change(self, row: SheetRow, run: Any) -> tuple[RemarkChange, list[str]]:
        """What a row says of its run, and what is wrong with its cells."""
        said: dict[str, Any] = {}
        troubles = []
        for name, text in row.cells.items():
            if text == "" and not self.clears_empty:
                continue
            try:
                said[name] = self._value(name, text, run)
            except ValueError as trouble:
                troubles.append(f"{name}: {trouble}")
        marks = {mark: bool(said.pop(name)) for name, mark in MARKS.items() if name in said}
        note = said.pop("note", None)
        return RemarkChange(marks=marks, note=note, values=said), troubles

    def _value(self, name: str, text: str, run: Any) -> Any:
        if name in MARKS:
            return read_boolean(text) if text else False
        if name == "note":
            return checked_text(text)
        variable = self.book.variable(name)
        if variable.study not in (None, run.study_id) and text:
            raise ValueError(
                f"it is for runs of the study {variable.study}, and this one is of {run.study_id or 'none'}"
            )
        return read_value(variable, text, decimal_comma=self.decimal_comma) if text else None


def _header(path: Path, row: list[str]) -> list[str]:
    names = [cell.strip() for cell in row]
    if names[:1] != ["execution_id"]:
        found = f"{names[0]!r:.60}" if names else "nothing"
        raise WrongRemarks([f"the first column of {path} is {found}; execution_id would work"])
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise WrongRemarks([f"line 1 of {path}: {name!r:.60} stands there twice; once would work" for name in twice])
    return names


def _why_unknown(book: RemarkBook, name: str) -> str:
    """Why nothing can be said by a name, in a sentence; empty where it can."""
    if name in (*MARKS, "note"):
        return ""
    try:
        book.variable(name)
    except WrongVariable as trouble:
        return str(trouble)
    return ""


def _rows(reader: Any, names: list[str], columns: Collection[str]) -> Iterator[SheetRow | tuple[int, str]]:
    """The rows; of one that has not a cell for each column its line, and why it is none."""
    line = reader.line_num + 1
    for row in reader:
        if len(row) == len(names):
            cells = {name: unprotect(cell) for name, cell in zip(names, row, strict=True)}
            said = {name: cell for name, cell in cells.items() if name in columns}
            yield SheetRow(line, cells["execution_id"].strip(), cells.get("trace_id", "").strip() or None, said)
        elif any(cell.strip() for cell in row):
            yield line, f"there are {len(row)} cells, and {len(names)} on the first line"
        line = reader.line_num + 1


def _run_of(row: SheetRow, runs_of: RunsOfId) -> Any:
    """The row of the run that is meant, or why there is none in a sentence."""
    found = [run for run in runs_of(row.execution_id) if row.trace_id in (None, run.trace_id)]
    if len(found) == 1:
        return found[0]
    if found:
        return f"{row.execution_id!r:.80} are {len(found)} runs; a column trace_id would tell them apart"
    return f"no run is called {row.execution_id!r:.80}; otel-tracking list has ids"
