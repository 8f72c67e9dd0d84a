"""Erase runs from the tickets: their rows go, and with those of runs that wait what somebody asked for.

Beside a server at work SQLite sees to it that the two do not get into each other's way. A run that waits in that
server is not begun any more once its ticket is gone (`Tickets.begin`).
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from devserver.errors import RequestError
from devserver.requests import Request
from devserver.web.asking.kept_request import request_from
from devserver.web.asking.tickets import FILE, FOLDER
from otel_tracking import ItemType, MediaType
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId
from otel_tracking.record import ExecutionItem, ExecutionRecord

Step = Callable[[str], None]

BUSY_SECONDS = 30.0
"""How long a server may take for what it does to the file."""


class ErasableTickets:
    """The tickets below a data directory. A place of an erasure; a run that waits has its ticket for an id."""

    name = "tickets"

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / FOLDER / FILE

    def find(self, is_meant: IsMeant) -> list[RunId]:
        """The runs that wait and are meant, by their request. Of others a ticket says nothing but their ids."""
        try:
            records = [record for row in self._rows() if (record := _record_of(row))]
        except sqlite3.Error:  # what cannot be read is named by `erase`
            return []
        return sorted(RunId(record.execution_id) for record in records if is_meant(record))

    def erase(self, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        """Remove the rows of the runs, and every byte of them from the file."""
        if not self._file.exists():
            return []
        before = self._file.stat().st_size
        try:
            with closing(self._open()) as database:
                step("delete tickets")
                count = _delete(database, runs)
                # Every time: a death may have come between.
                step("vacuum tickets")
                database.execute("VACUUM")
        except sqlite3.Error as trouble:
            what = f"{self._file} cannot be changed ({type(trouble).__name__})"
            return [Beyond(self.name, what, "wait until the server has less to do, or end it, and erase again")]
        freed = max(0, before - self._file.stat().st_size)
        return [Removed(self.name, str(self._file), freed)] if count else []

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The file, where one of its rows is of the runs still, or nobody can say."""
        ids = {run.execution_id for run in runs}
        try:
            is_left = any({row.ticket, row.execution_id} & ids for row in self._rows())
        except sqlite3.Error:
            is_left = True
        return [str(self._file)] if is_left else []

    def _rows(self) -> list[_Row]:
        if not self._file.exists():
            return []
        with closing(self._open()) as database:
            found = database.execute("SELECT ticket, execution_id, asked_at, request FROM tickets")
            return list(map(_Row._make, found))

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)
        for pragma in ("synchronous = FULL", "secure_delete = ON"):
            database.execute(f"PRAGMA {pragma}")
        return database


class _Row(NamedTuple):
    ticket: str
    execution_id: str | None
    asked_at: float
    request: str | None


def _delete(database: sqlite3.Connection, runs: frozenset[RunId]) -> int:
    """Delete the rows of the runs, all or none; how many there were."""
    ids = [(run.execution_id, run.execution_id) for run in sorted(runs)]
    with database:
        database.execute("BEGIN IMMEDIATE")
        deleted = database.executemany("DELETE FROM tickets WHERE ticket = ? OR execution_id = ?", ids)
        return max(0, deleted.rowcount)


def _record_of(row: _Row) -> ExecutionRecord | None:
    """A run that waits as a record, to be asked whose it is; None where it does not wait any more."""
    try:
        request = request_from(row.request) if row.request else None
    except RequestError:
        return None
    return _record_of_request(row, request) if request else None


def _record_of_request(row: _Row, request: Request) -> ExecutionRecord:
    moment = dt.datetime.fromtimestamp(row.asked_at, dt.UTC)
    prompt = ExecutionItem(
        sequence_number=1,
        timestamp=moment,
        item_type=ItemType.USER_INPUT_TEXT,
        media_type=MediaType.TEXT,
        stage=1,
        content=request.prompt,
    )
    people = {name: getattr(request, name) for name in ("user_id", "session_id", "device_id", "study_id", "batch_id")}
    return ExecutionRecord(
        execution_id=row.ticket,
        config_name=request.config_name,
        timestamp=moment,
        repeats=request.repeats,
        continues=request.continues,
        execution_mode=request.execution_mode,
        safety_level=request.safety_level,
        status="waiting",
        items=(prompt,),
        **people,
    )
