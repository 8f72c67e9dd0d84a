"""Which runs are stored, for whoever asks again and again: each file is read once, an unchanged day is not listed."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from exporters.errors import BrokenFile
from exporters.storage.layout import day_directory, day_of_id, days_near, stored_days
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow

QUIET_NS = 100_000_000
"""How long a directory must have been left alone before its time tells of every change to come: clocks are coarse."""

Signature = tuple[int | None, ...]


class _SeenDay(NamedTuple):
    """A day as it was listed last; without a signature it is listed again."""

    signature: Signature | None
    rows: Sequence[ExecutionRow]
    by_id: Mapping[str, ExecutionRow]


class KnownRuns:
    """The rows of a data directory's runs; may be shared by threads. What cannot be read is left out."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._index = ExecutionIndex(data_dir, on_damage=lambda damage: None)
        self._days: dict[dt.date, _SeenDay] = {}
        self._lock = threading.Lock()

    def latest(self, limit: int, offset: int) -> list[ExecutionRow]:
        """Rows by the time of the run, latest first."""
        return list(islice(self._rows(), offset, offset + limit))

    def row(self, execution_id: str) -> ExecutionRow | None:
        """The row of that id, where the day that the id names has it; None says nothing of other days."""
        day = day_of_id(execution_id)
        return None if day is None else self._day(day).by_id.get(execution_id)

    def _rows(self) -> Iterator[ExecutionRow]:
        try:
            days = stored_days(self._data_dir)
        except BrokenFile:
            return
        for day in days:
            yield from self._day(day).rows

    def _day(self, day: dt.date) -> _SeenDay:
        with self._lock:
            signature = self._signature(day)
            seen = self._days.get(day)
            if seen is None or signature is None or seen.signature != signature:
                seen = self._days[day] = self._list(day, signature)
            return seen

    def _list(self, day: dt.date, signature: Signature | None) -> _SeenDay:
        rows = self._index.rows(day)
        # Of two runs with one id the later one is meant, which comes first.
        by_id = {row.execution_id: row for row in reversed(rows)}
        return _SeenDay(signature, rows, by_id)

    def _signature(self, day: dt.date) -> Signature | None:
        """What changes when a file comes or goes; None where one may have come so lately that it would not tell."""
        times = [_changed_at(day_directory(self._data_dir, "executions", near)) for near in days_near(day)]
        is_quiet = all(moment is None or time.time_ns() - moment > QUIET_NS for moment in times)
        return tuple(times) if is_quiet else None


def _changed_at(directory: Path) -> int | None:
    try:
        return directory.stat().st_mtime_ns
    except OSError:
        return None
