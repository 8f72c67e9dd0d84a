"""Have the index know what researchers said of runs: marks, to choose by; notes, to search in."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from exporters.explorer.index_file import NOTE, writing
from exporters.explorer.letters import folded
from exporters.remarks.book import RemarkBook
from exporters.remarks.remarks import Remarks
from exporters.remarks.store import RemarkStore, readable_remarks
from exporters.storage.reading.damage import Damages
from otel_tracking.erasure import RunId


class _Said(NamedTuple):
    """What was said of a run, as the index has it."""

    marks: str
    note: str


def tell_remarks(data_dir: Path, database: sqlite3.Connection) -> None:
    """Bring marks and notes to where the book of remarks is."""
    wanted = _wanted(readable_remarks(RemarkStore(data_dir), Damages()), database)
    known = {number: _Said(marks, note) for number, marks, note in database.execute("SELECT * FROM remarked")}
    changed = {number for number in wanted.keys() | known.keys() if wanted.get(number) != known.get(number)}
    if not changed:
        return
    with writing(database):
        for number in changed:
            _say(database, number, wanted.get(number))


def _wanted(book: RemarkBook, database: sqlite3.Connection) -> dict[int, _Said]:
    told = ((run, said) for run, remarks in book.runs.items() if (said := _of(remarks)))
    return {number: said for run, said in told for number in _numbers(database, run)}


def _numbers(database: sqlite3.Connection, run: RunId) -> list[int]:
    sql = "SELECT id FROM runs WHERE execution_id = ? AND trace_id IS ?"
    return [number for (number,) in database.execute(sql, (run.execution_id, run.trace_id))]


def _of(remarks: Remarks) -> _Said | None:
    said = _Said(" ".join(mark.value for mark in remarks.marks), folded(str(remarks.note.what)) if remarks.note else "")
    return said if any(said) else None


def _say(database: sqlite3.Connection, number: int, said: _Said | None) -> None:
    place = number << 2 | NOTE
    database.execute("DELETE FROM texts WHERE rowid = ?", (place,))
    database.execute("DELETE FROM remarked WHERE id = ?", (number,))
    database.execute("UPDATE runs SET marks = ? WHERE id = ?", (said.marks if said else "", number))
    if said:
        database.execute("INSERT INTO remarked VALUES (?, ?, ?)", (number, *said))
    if said and said.note:
        database.execute("INSERT INTO texts (rowid, folded) VALUES (?, ?)", (place, said.note))
