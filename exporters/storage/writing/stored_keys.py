"""Know which runs are stored, so that none is stored twice, and none in another's place."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from exporters.errors import BrokenFile
from exporters.storage.layout import day_of_directory, is_file_name, names_in
from exporters.storage.tables.day_summaries import read_summaries
from exporters.storage.tables.table_file import execution_rows
from exporters.storage.tables.unpack import Row

_log = logging.getLogger("otel_tracking")

_COLUMNS = ["trace_id", "execution_id", "revision"]

LOOK_SECONDS = 0.2
"""How often is looked at most for what other processes have stored: with a thousand days a look takes some ms."""


class Stored(NamedTuple):
    """The highest stored revision of a run, and what it is called."""

    revision: int
    execution_id: str


class StoredKeys:
    """The stored runs by trace id, read from the files when first asked and whenever new ones appear.

    About 0.4 KB of memory a run. For several threads.
    """

    def __init__(self, data_dir: Path, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._data_dir, self._look_seconds = data_dir, look_seconds
        self._changed_ns: dict[Path, int] = {}
        self._names_read: dict[str, set[str]] = {}
        self._runs: dict[str, Stored] = {}
        self._traces: dict[str, str] = {}
        self._looked_at: float | None = None
        self._lock = threading.Lock()

    def contains(self, trace_id: str, revision: int) -> bool:
        """Whether that revision or a later one is stored now."""
        with self._lock:
            if not self._has(trace_id, revision):
                self._look()
            return self._has(trace_id, revision)

    def find(self, trace_id: str) -> Stored | None:
        """What is stored of a run, as of a moment ago; None where nothing is."""
        with self._lock:
            if trace_id not in self._runs:
                self._look_now_and_then()
            return self._runs.get(trace_id)

    def trace_of(self, execution_id: str) -> str | None:
        """The trace that is stored under an execution id, as of a moment ago; None where none is."""
        with self._lock:
            if execution_id not in self._traces:
                self._look_now_and_then()
            return self._traces.get(execution_id)

    def add(self, path: Path, runs: Iterable[tuple[str | None, str, int]]) -> None:
        """Know what was stored just now: trace id, execution id and revision of each run in `path`."""
        with self._lock:
            self._names_read_of(path.parent).add(path.name)
            self._know(runs)

    def _know(self, runs: Iterable[tuple[str | None, str, int]]) -> None:
        for trace_id, execution_id, revision in runs:
            if trace_id is None:
                continue
            known = self._runs.get(trace_id)
            if known is None or revision >= known.revision:
                self._runs[trace_id] = Stored(revision, execution_id)
            self._traces.setdefault(execution_id, trace_id)

    def _has(self, trace_id: str, revision: int) -> bool:
        known = self._runs.get(trace_id)
        return known is not None and known.revision >= revision

    def _look_now_and_then(self) -> None:
        if self._looked_at is None or time.monotonic() - self._looked_at >= self._look_seconds:
            self._look()

    def _look(self) -> None:
        root = self._data_dir / "executions"
        for name in names_in(root):
            if day_of_directory(name) is not None:
                self._read_new_files_of(root / name)
        self._looked_at = time.monotonic()

    def _read_new_files_of(self, day: Path) -> None:
        try:
            changed_ns = day.stat().st_mtime_ns
            if self._changed_ns.get(day) == changed_ns:
                return
            # Names, not paths: a day has thousands of files, and each record that is stored here changes it.
            new = [name for name in {*names_in(day)} - self._names_read_of(day) if is_file_name(name)]
            said = read_summaries(day, new)
            for name in new:
                self._read(day / name, said.get(name))
        except BrokenFile as trouble:
            _log.warning("%s", trouble)
            return None
        except FileNotFoundError:
            return self._read_new_files_of(day) if day.exists() else None  # compacted away since; listed anew
        # Of a change within the clock's last tick another may come without being seen: look once more then.
        if time.time_ns() - changed_ns > 1_000_000_000:
            self._changed_ns[day] = changed_ns

    def _read(self, path: Path, said: Sequence[Row] | None) -> None:
        try:
            rows = said or execution_rows(path, _COLUMNS)
            self._know((row["trace_id"], row["execution_id"], row["revision"]) for row in rows)
        except BrokenFile:
            # Readers say why; nobody else's runs wait for it, and its own may be stored once more.
            _log.warning("%s cannot be read: nothing is known of what it holds", path)
        self._names_read_of(path.parent).add(path.name)

    def _names_read_of(self, day: Path) -> set[str]:
        return self._names_read.setdefault(day.name, set())
