"""Keep what was asked for until it has been run: a run that somebody was promised outlives the server.

    DATA/.serving/tickets.sqlite     a row for each ticket: whose it is, what became of it, and what was asked for

What was asked for is there while a run waits, and goes when it begins: from then on the flight recorder has it. The
rows stay for a while, since a page that waits asks by its ticket, and a pupil may repeat what is theirs.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from devserver.errors import RequestError
from devserver.requests import Request
from devserver.web.asking.kept_request import request_from, text_of
from exporters.storage.files import PRIVATE_FILE, make_directory

_log = logging.getLogger(__name__)

FOLDER, FILE = ".serving", "tickets.sqlite"
"""Where tickets are in a data directory."""

KEPT_SECONDS = 30 * 24 * 3600
"""How long it is known whose a run was."""

LOST = "interrupted"
"""What became of a run that was under way when its server died."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tickets (
    ticket TEXT PRIMARY KEY, holder TEXT NOT NULL, owner TEXT NOT NULL, asked_at REAL NOT NULL, state TEXT NOT NULL,
    execution_id TEXT, reason TEXT, request TEXT, room TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS by_execution ON tickets (execution_id);
"""
_KEEP = (
    "INSERT OR REPLACE INTO tickets (ticket, holder, owner, asked_at, state, request, room) "
    "VALUES (?, ?, ?, ?, 'waiting', ?, ?)"
)
_ADD_ROOM = "ALTER TABLE tickets ADD COLUMN room TEXT NOT NULL DEFAULT ''"
_END = "UPDATE tickets SET state = ?, reason = ?, request = NULL WHERE ticket = ?"

T = TypeVar("T")

_living: weakref.WeakValueDictionary[str, Tickets] = weakref.WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a ticket. `state` is `waiting`, `running`, or how it ended; `reason` says why it ended so."""

    ticket: str
    owner: str
    state: str
    execution_id: str | None
    reason: str
    room: str = ""


@dataclass(frozen=True, slots=True)
class LeftWaiting:
    """A run that waited when its server ended."""

    ticket: str
    owner: str
    asked_at: float
    request: Request
    room: str = ""


class Tickets:
    """The tickets of a data directory; those of nowhere (`folder` is None) live as long as the process.

    Trouble with the disk is told to the log: a server that can keep nothing still runs what it is asked for. May be
    shared by threads; one of its own does all that is done to the file.
    """

    def __init__(self, folder: Path | None) -> None:
        self._holder = secrets.token_hex(8)
        self._folder, self._file = folder, None if folder is None else folder / FILE
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="devserver tickets")
        self._database: sqlite3.Connection | None = None
        self._unkept: set[str] = set()
        _living[self._holder] = self
        self._done(self._forget_old).result()

    def keep(self, ticket: str, owner: str, asked_at: float, request: Request, room: str = "") -> bool:
        """Keep a run that waits; durable when this returns, or False."""
        row = (ticket, self._holder, owner, asked_at, text_of(request), room)
        kept = self._done(self._execute, _KEEP, row).result()
        if kept is None:
            self._unkept.add(ticket)
        return kept is not None

    def begin(self, ticket: str) -> bool:
        """A run begins: it will not be begun again, whatever becomes of it.

        False where somebody has taken its ticket out of the file meanwhile: it was erased, and may not begin.
        """
        told = "UPDATE tickets SET state = 'running', request = NULL WHERE ticket = ?"
        changed = self._done(self._execute, told, (ticket,)).result()
        is_kept = ticket not in self._unkept
        self._unkept.discard(ticket)
        return not (is_kept and changed == 0)

    def name(self, ticket: str, execution_id: str) -> None:
        """A run has its execution id; durable when this returns, so that whoever is told the id is told it for good."""
        told = "UPDATE tickets SET execution_id = ? WHERE ticket = ?"
        self._done(self._execute, told, (execution_id, ticket)).result()

    def end(self, ticket: str, state: str, reason: str = "") -> None:
        """A run is over. Nobody waits for this."""
        self._done(self._execute, _END, (state, reason, ticket))

    def take_over(self) -> list[LeftWaiting]:
        """The runs that waited when their server ended, in their order; they are this one's now.

        Those that were under way are interrupted.
        """
        found: list[LeftWaiting] = []
        self._done(self._take_over, found).result()
        return found

    def find(self, ticket: str) -> Kept | None:
        """What is known of a ticket."""
        return next(iter(self._kept("ticket = ?", ticket)), None)

    def of_execution(self, execution_id: str) -> Kept | None:
        """What is known of the ticket that an execution was asked for with."""
        return next(iter(self._kept("execution_id = ?", execution_id)), None)

    def of_owner(self, owner: str) -> list[Kept]:
        """What is known of all tickets of one owner."""
        return self._kept("owner = ?", owner) if owner else []

    def close(self) -> None:
        """Let go of the file, when everything is in it; whoever asks later opens it again."""
        self._done(self._close).result()
        _living.pop(self._holder, None)

    def _kept(self, where: str, value: str) -> list[Kept]:
        return self._done(self._select, where, value).result() or []

    # Below: on the worker's thread.

    def _done(self, work: Callable[..., T], *arguments: Any) -> Future[T | None]:
        """What the work will have given; None where there was trouble."""
        return self._worker.submit(self._try, work, arguments)

    def _try(self, work: Callable[..., T], arguments: tuple[Any, ...]) -> T | None:
        try:
            return work(*arguments)
        except (sqlite3.Error, OSError) as trouble:
            _log.error("tickets cannot be kept in %s: %s", self._file, type(trouble).__name__)
            return None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = _open(self._folder, self._file)
        return self._database

    def _execute(self, statement: str, values: tuple[Any, ...]) -> int:
        """How many rows the statement has changed."""
        with self._opened() as database:
            return database.execute(statement, values).rowcount

    def _select(self, where: str, value: str) -> list[Kept]:
        fields = "ticket, owner, state, execution_id, coalesce(reason, ''), room"
        return [Kept(*row) for row in self._opened().execute(f"SELECT {fields} FROM tickets WHERE {where}", (value,))]

    def _take_over(self, found: list[LeftWaiting]) -> None:
        known = "ticket, holder, owner, asked_at, state, request, room"
        open_ones = f"SELECT {known} FROM tickets WHERE state IN ('waiting', 'running') ORDER BY asked_at, rowid"
        for ticket, holder, owner, asked_at, state, text, room in list(self._opened().execute(open_ones)):
            if holder in _living:
                continue
            request = _read(text) if state == "waiting" else None
            if request:
                self._execute("UPDATE tickets SET holder = ? WHERE ticket = ?", (self._holder, ticket))
                found.append(LeftWaiting(ticket, owner, asked_at, request, room))
            else:
                self._execute(_END, (LOST, "the server was ended while the run was under way", ticket))

    def _forget_old(self) -> None:
        over = "DELETE FROM tickets WHERE asked_at < ? AND state NOT IN ('waiting', 'running')"
        self._execute(over, (time.time() - KEPT_SECONDS,))

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _open(folder: Path | None, file: Path | None) -> sqlite3.Connection:
    if folder is None or file is None:
        database = sqlite3.connect(":memory:", check_same_thread=False)
    else:
        make_directory(folder)
        # SQLite gives what it writes beside it the same permissions.
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
        database = sqlite3.connect(file, timeout=5, check_same_thread=False)
    # FULL: a commit is on the disk before it returns. What a child wrote is overwritten when its row lets go of it.
    for pragma in ("synchronous = FULL", "secure_delete = ON"):
        database.execute(f"PRAGMA {pragma}")
    database.executescript(_SCHEMA)
    if "room" not in [column[1] for column in database.execute("PRAGMA table_info(tickets)")]:
        database.execute(_ADD_ROOM)  # a file from before there were rooms
        database.commit()
    return database


def _read(text: str | None) -> Request | None:
    try:
        return request_from(text or "")
    except RequestError:
        return None
