"""Read rows of a Delta table by its own engine, with the same object store that it was opened with.

Not through Arrow's datasets: they reach the store by calls back into Python, from threads that may outlive the
interpreter, and a process that ends meanwhile is aborted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from deltalake import DeltaTable

_IN_ORDER = {"datafusion.execution.target_partitions": "1", "datafusion.optimizer.repartition_file_scans": "false"}
"""One file behind the other: the rows of a write stay side by side, as they were written."""

_PLAIN = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary(), pa.large_string(): pa.string()}

Mask = Callable[[pa.RecordBatch], Any]
"""Which rows of a batch are wanted, as an array of booleans."""


def batches(table: DeltaTable, columns: Sequence[str], where: str = "true") -> Iterator[pa.RecordBatch]:
    """The rows that a condition wants, those of a file in their order; texts and bytes are plain ones."""
    from deltalake import QueryBuilder

    names = ", ".join(f'"{name}"' for name in columns)
    engine = QueryBuilder(_IN_ORDER).register("stored", table)
    found = pa.RecordBatchReader.from_stream(engine.execute(f"select {names} from stored where {where}"))
    plain = pa.schema([field.with_type(_plain(field.type)) for field in found.schema])
    return (batch.cast(plain) for batch in found)


def rows(table: DeltaTable, columns: Sequence[str], where: str = "true", mask: Mask | None = None) -> pa.Table:
    """The rows that a condition and a mask want; a mask is for values that come from outside."""
    found = batches(table, columns, where)
    kept = [batch.filter(mask(batch)) if mask else batch for batch in found]
    return pa.Table.from_batches(kept) if kept else _nothing(table, columns)


def one_of(column: str, values: Collection[str | int]) -> str:
    """The condition that a column has one of these values."""
    return f'"{column}" in ({", ".join(map(_literal, values))})' if values else "false"


def between(column: str, first: int, last: int) -> str:
    """The condition that a column is one of these numbers, or lies between them."""
    return f'"{column}" between {first:d} and {last:d}'


def up_to(column: str, last: str) -> str:
    """The condition that a text is not behind another one."""
    return f'"{column}" <= {_literal(last)}'


def has_columns(table: DeltaTable, wanted: Sequence[str]) -> list[str]:
    """Those of the columns that a table has: an older one lacks some."""
    there = {field.name for field in table.schema().fields}
    return [name for name in wanted if name in there]


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _plain(kind: pa.DataType) -> pa.DataType:
    return _PLAIN.get(kind, kind)


def _nothing(table: DeltaTable, columns: Sequence[str]) -> pa.Table:
    there = pa.schema(table.schema().to_arrow())
    return pa.schema([pa.field(name, _plain(there.field(name).type)) for name in columns]).empty_table()
