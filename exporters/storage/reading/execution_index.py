"""Find the executions of a day without their items: of each run, the row that counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from exporters.errors import BrokenFile
from exporters.storage.layout import day_directory, day_of_id, days_near, file_names_in, may_hold, short_id
from exporters.storage.reading.damage import Damage, Damages, OnDamage
from exporters.storage.reading.untold import put_down
from exporters.storage.tables.day_summaries import read_summaries
from exporters.storage.tables.summary import COLUMNS
from exporters.storage.tables.table_file import TableFiles, execution_rows, read_checked
from exporters.storage.tables.unpack import Row, exact_fields, mentions_blob, plain_fields

RELISTINGS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRow:
    """One run as a list shows it: the fields of its record that need no items.

    `path` is the file that has it; `item_rows` is how many items are stored with it.
    """

    execution_id: str
    trace_id: str | None
    revision: int
    write_id: int = field(repr=False)
    timestamp: dt.datetime
    config_name: Any
    user_id: Any
    session_id: Any
    device_id: Any
    study_id: Any
    batch_id: Any
    execution_mode: Any
    safety_level: Any
    used_seed: Any
    total_execution_time: float | None
    status: str
    finish_reason: str
    outputs_generated: int
    item_rows: int
    day: dt.date
    path: Path = field(repr=False)

    def __hash__(self) -> int:
        """By what tells rows apart: a name of a configuration may be a list."""
        return hash((self.execution_id, self.trace_id, self.write_id))

    @property
    def key(self) -> str:
        """What decides that two rows are the same run: the trace id, or the execution_id where there is none."""
        return self.trace_id or self.execution_id

    @property
    def rank(self) -> tuple[int, int]:
        """Among rows of the same run the greatest rank counts."""
        return (self.revision, self.write_id)


_LIGHT = [name for name in COLUMNS if name != "exact_json"]


class ExecutionIndex:
    """The executions of a data directory, day by day; each file is read once.

    A file that cannot be read is in `damaged` and told to `on_damage`, and the others are read.
    """

    def __init__(self, data_dir: Path, execution_id: str | None = None, on_damage: OnDamage | None = None) -> None:
        self._data_dir = data_dir
        self._execution_id, self._short = execution_id, short_id(execution_id or "")
        self._tell = Damages() if on_damage is None else on_damage
        self._rows: dict[dt.date, dict[str, list[ExecutionRow]]] = {}
        self.damaged: dict[Path, Damage] = {}
        self._seen: dict[Path, tuple[int, ...] | None] = {}

    def rows(self, day: dt.date) -> list[ExecutionRow]:
        """The rows of a day that count, latest first. A later revision may be stored a day before or after."""
        counting = latest(row for near in days_near(day) for row in self.all_rows(near))
        of_day = [row for row in counting.values() if row.day == day]
        return sorted(of_day, key=lambda row: (row.timestamp, row.execution_id, row.write_id), reverse=True)

    def all_rows(self, day: dt.date) -> list[ExecutionRow]:
        """Every row of a day, also of earlier revisions and repeated writes.

        Compaction may replace files meanwhile: it is listed again until two lists agree, so that nothing falls between.
        """
        known, directory = self._rows.setdefault(day, {}), day_directory(self._data_dir, "executions", day)
        listed = self._names(directory)
        for _ in range(RELISTINGS):
            self._read_all(directory, day, [name for name in listed if name not in known])
            again = self._names(directory)
            if again == listed:
                break
            listed = again
        return [row for name in listed for row in known.get(name, ())]

    def earlier(self, row: ExecutionRow) -> list[ExecutionRow]:
        """Other rows of the same run, of lesser rank, the best first: what is left where `row` is damaged."""
        near = [other for day in days_near(row.day) for other in self.all_rows(day)]
        others = [other for other in near if other.key == row.key and other.rank < row.rank]
        return sorted(others, key=lambda other: other.rank, reverse=True)

    def forget(self, day: dt.date) -> None:
        """Drop what is known of a day that is done, or has changed."""
        self._rows.pop(day, None)

    def _names(self, directory: Path) -> list[str]:
        try:
            names = file_names_in(directory)
        except BrokenFile as trouble:
            self._is_damaged(directory, trouble)
            return []
        return [name for name in names if self._execution_id is None or may_hold(name, self._execution_id)]

    def _read_all(self, directory: Path, day: dt.date, names: list[str]) -> None:
        """Know the rows of files: from their summaries where these are put down, and else from the files."""
        suspect = {path.name for path in self.damaged}
        said = read_summaries(directory, [name for name in names if name not in suspect])
        read = {name: self._read(directory / name, name, day, said.get(name)) for name in names}
        if self._execution_id is None:
            put_down(directory, {name: rows for name, rows in read.items() if name not in said})

    def _read(self, path: Path, name: str, day: dt.date, said: Sequence[Row] | None) -> Sequence[Row]:
        """Know the rows of a file, which are returned; none where it is gone, or cannot be read."""
        signature = None if said else _signature(path)
        if self.damaged and path in self.damaged:
            if self._seen.get(path) == signature:
                return ()  # nobody has put a copy in its place
            del self.damaged[path]
        try:
            rows = said or execution_rows(path, COLUMNS, partial(_ending, self._short) if self._short else None)
            self._rows[day][name] = _light_rows(path, day, self._meant(rows), self._tell)
            return rows
        except FileNotFoundError:
            return ()  # compacted away; the next listing has its runs
        except BrokenFile as trouble:
            self._seen[path] = signature
            self._is_damaged(path, trouble)
            return ()

    def _meant(self, rows: Sequence[Row]) -> Sequence[Row]:
        # Other revisions of a run end with the same short id.
        short = self._short
        return rows if short is None else [row for row in rows if (row["execution_id"] or short).endswith(short)]

    def _is_damaged(self, path: Path, trouble: BrokenFile) -> None:
        self.damaged[path] = Damage(path, str(trouble))
        self._tell(self.damaged[path])


def _signature(path: Path) -> tuple[int, ...] | None:
    """What changes when another file takes a file's place."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode)


def latest(rows: Iterable[ExecutionRow]) -> dict[str, ExecutionRow]:
    """The row that counts, by the key of its run."""
    counting: dict[str, ExecutionRow] = {}
    for row in rows:
        if row.key not in counting or row.rank > counting[row.key].rank:
            counting[row.key] = row
    return counting


def sibling(path: Path, table: str) -> Path:
    """The file of another table that was written together with the executions at `path`."""
    return path.parents[2] / table / path.parent.name / path.name


def _light_rows(path: Path, day: dt.date, said: Sequence[Row], tell: OnDamage) -> list[ExecutionRow]:
    rows = read_checked(path, lambda: [_light(row, path, day, tell) for row in said])
    away = [row for row in rows if _is_away(row)]
    for row in away:
        there = f"{row.execution_id}, of {row.timestamp:%Y-%m-%d}"
        tell(Damage(path, f"{path} lies under another day than {there}. In that day's directory it would be read"))
    return [row for row in rows if not _is_away(row)] if away else rows


def _is_away(row: ExecutionRow) -> bool:
    """Whether a row lies under a day that is neither its id's nor its time's: a copy of what is somewhere else."""
    if row.execution_id.startswith(_beginning(row.day)):
        return False
    return row.day not in (day_of_id(row.execution_id), row.timestamp.astimezone(dt.UTC).date())


@lru_cache(maxsize=16)
def _beginning(day: dt.date) -> str:
    """What almost all ids of a day begin with."""
    return f"exec_{day.isoformat().replace('-', '')}_"


def _ending(short: str, table: pa.Table) -> pa.Table:
    return table.filter(pc.fill_null(pc.ends_with(table["execution_id"], short), True))


def _light(row: Row, path: Path, day: dt.date, tell: OnDamage) -> ExecutionRow:
    plain = plain_fields(row) if len(row) == len(COLUMNS) else None
    if plain is not None:
        return ExecutionRow(**plain, day=day, path=path)
    try:
        has_blobs = row.get("exact_json") and mentions_blob(row)
        values = exact_fields(row, read_blobs(TableFiles(), path, row["write_id"]) if has_blobs else {})
    except (BrokenFile, FileNotFoundError) as trouble:
        if not path.exists():
            raise FileNotFoundError(path) from trouble
        # Its columns are there; what they cannot say exactly is not, and whoever loads the record will hear it again.
        tell(Damage(sibling(path, "blobs"), str(trouble), row["execution_id"]))
        values = exact_fields({**row, "exact_json": None}, {})
    light: dict[str, Any] = {name: values.get(name) for name in _LIGHT}
    if not all(isinstance(values[name], kind) for name, kind in _ALWAYS.items()):
        raise BrokenFile(f"{path} is damaged: a row of it lacks {', '.join(_ALWAYS)}", path)
    return ExecutionRow(**light, day=day, path=path)


_ALWAYS = {"execution_id": str, "revision": int, "write_id": int, "timestamp": dt.datetime, "item_rows": int}


def read_blobs(files: TableFiles, path: Path, write_id: int) -> dict[str, str]:
    """The large values of the row of that write: text by sha256."""
    return {row["sha256"]: row["text"] for row in files.rows(sibling(path, "blobs"), write_id)}
