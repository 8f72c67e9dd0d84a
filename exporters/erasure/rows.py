"""Tell whose the rows of a Parquet file are, and write it without those of some runs, a row group at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exporters.storage.files import is_plain, remove
from exporters.storage.layout import is_file_name, may_hold
from exporters.storage.tables.parquet_file import writing
from exporters.storage.tables.table_file import arrow_file, read_checked
from otel_tracking.erasure import RunId
from otel_tracking.record import ExecutionRecord
from otel_tracking.values.kinds import is_unicode

_IDS = ["execution_id", "trace_id"]
_SEPARATOR = "\x1f"


class Theirs:
    """Which rows of a table are of certain runs."""

    def __init__(self, runs: Collection[RunId]) -> None:
        self.runs = frozenset(runs)
        self._keys = pa.array(
            [key for run in runs if is_unicode(key := f"{run.execution_id}{_SEPARATOR}{run.trace_id or ''}")],
            pa.string(),
        )

    def mask(self, table: pa.Table) -> pa.Array:
        """True for each row of one of the runs."""
        execution_ids, trace_ids = (pc.fill_null(table[name].cast(pa.string()), "") for name in _IDS)
        return pc.is_in(pc.binary_join_element_wise(execution_ids, trace_ids, _SEPARATOR), value_set=self._keys)

    def may_be_in(self, path: Path) -> bool:
        """Whether a file may have rows of them, as far as a name tells that our writer gave."""
        return not is_file_name(path.name) or any(may_hold(path.name, run.execution_id) for run in self.runs)

    def count_in(self, path: Path) -> int:
        """How many rows of a file are theirs. `BrokenFile` where it cannot be read, or is none of a table."""
        return sum(pc.sum(self.mask(group)).as_py() or 0 for group in groups_of(path, _IDS))

    def write_without(self, path: Path) -> bool:
        """Put a file without their rows in its place; whether any row is left, and the file with it."""
        file = _open(path)
        with writing(path, file.schema_arrow) as write:
            left = 0
            for group in groups_of(path):
                kept = group.filter(pc.invert(self.mask(group)))
                left += kept.num_rows
                write(kept)
        if not left:
            remove([path])
        return left > 0


def groups_of(path: Path, names: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of a Parquet file, whoever made it; `BrokenFile` where that cannot be read."""
    file = _open(path)
    for number in range(file.metadata.num_row_groups):
        read: Callable[[], pa.Table] = lambda: file.read_row_group(number, columns=names)  # noqa: B023, E731
        table = read_checked(path, read)
        yield read_checked(path, lambda: table.select(names) if names else table)  # noqa: B023


def record_of(row: Any) -> ExecutionRecord:
    """What a row of a list says of a run, as a record without items and spans."""
    names = [name for name in ExecutionRecord.__slots__ if hasattr(row, name)]
    return ExecutionRecord(**{name: getattr(row, name) for name in names})


def _open(path: Path) -> Any:
    def look() -> Any:
        if not is_plain(path):
            raise OSError("it is no file")
        return pq.ParquetFile(arrow_file(path), page_checksum_verification=True)

    return read_checked(path, look)
