"""Remember who sent a run: only he may add to it, also after a restart.

A small SQLite file beside the spool, since a record must be what its sender made of it, without a word of ours. Who
sent is forgotten after ninety days; from then on nothing can be added to the run.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_log = logging.getLogger("otel_tracking")

KEPT_DAYS = 90


class Senders:
    """Who sent which run. For several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._fresh: dict[bytes, tuple[bytes, str, int]] = {}
        try:
            self._file = _open(path)
        except sqlite3.DatabaseError as trouble:
            _log.error("%s is damaged (%s) and was begun anew: runs of before cannot be added to", path, trouble)
            path.replace(path.with_suffix(".damaged"))
            self._file = _open(path)

    def remember(self, trace_id: int, sender: str) -> None:
        """Whose run it is: the first who is named for it. It is written down by the next `keep`."""
        with self._lock:
            self._fresh.setdefault(_key(trace_id), (_key(trace_id), sender, _today()))

    def keep(self) -> None:
        """Write down what was to be remembered, all of it at once. Raises OSError where that cannot be done."""
        with self._lock, _told_as_oserror():
            if self._fresh:
                with self._file:  # one transaction: each takes as long as twenty entries
                    self._file.execute("BEGIN")
                    self._file.executemany("INSERT OR IGNORE INTO runs VALUES (?, ?, ?)", self._fresh.values())
                self._fresh.clear()

    def of(self, trace_id: int) -> str | None:
        """Who sent it; None where nobody knows. Raises OSError where that cannot be read."""
        found = self._ask("SELECT sender FROM runs WHERE trace = ?", _key(trace_id))
        if found:
            return str(found[0][0])
        with self._lock:
            fresh = self._fresh.get(_key(trace_id))
        return fresh[1] if fresh else None

    def known(self) -> list[int]:
        """The runs of which somebody knows who sent them. Raises OSError."""
        self.keep()
        found = (trace for (trace,) in self._ask("SELECT trace FROM runs"))
        return [int.from_bytes(trace) for trace in found if isinstance(trace, bytes)]

    def forget(self, trace_ids: Iterable[int]) -> int:
        """Forget who sent these runs, to the last byte; how many there were. Raises OSError."""
        self.keep()
        known = [trace_id for trace_id in trace_ids if self.of(trace_id) is not None]
        for trace_id in known:
            self._ask("DELETE FROM runs WHERE trace = ?", _key(trace_id))
        if known:
            self._ask("VACUUM")
            self._ask("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(known)

    def _ask(self, question: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock, _told_as_oserror():
            return self._file.execute(question, values).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            self.keep()
        with self._lock:
            self._file.close()


@contextlib.contextmanager
def _told_as_oserror() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as trouble:
        raise OSError(f"who sent a run cannot be kept or read: {trouble}") from trouble


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    # Without an fsync for each run: what a power cut takes of it can no longer be added to, and is not changed.
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("PRAGMA synchronous=NORMAL")
    file.execute("PRAGMA secure_delete=ON")
    file.execute("CREATE TABLE IF NOT EXISTS runs (trace BLOB PRIMARY KEY, sender TEXT, day INT) WITHOUT ROWID")
    file.execute("DELETE FROM runs WHERE day < ?", [_today() - KEPT_DAYS])
    return file


def _key(trace_id: int) -> bytes:
    return trace_id.to_bytes(16)


def _today() -> int:
    return int(time.time() // 86_400)
