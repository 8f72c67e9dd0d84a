"""Remarks as a wide table: a row for each run of which something was said, a column for each variable, of its type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from exporters.remarks.annotated import Annotation, annotation_in
from exporters.remarks.book import RemarkBook
from exporters.remarks.variables import Variable, VariableType
from exporters.storage.tables.columns import KEYS, Column
from exporters.storage.tables.fit import fit_text
from exporters.storage.tables.schema import TYPES, schema_of

TABLE = "annotations"

FIXED = (
    Column("is_test", "bool", "Whether a researcher marked the run as a test"),
    Column("is_excluded", "bool", "Whether a researcher excluded the run"),
    Column("note", "text", "What a researcher noted of the run"),
)
"""What is the same in every code book."""

KINDS: Mapping[VariableType, str] = {
    VariableType.TEXT: "text",
    VariableType.INTEGER: "int",
    VariableType.NUMBER: "float",
    VariableType.BOOLEAN: "bool",
    VariableType.DATE: "date",
    VariableType.CHOICE: "text",
}
"""The kind of column that the values of a variable make."""

_KEYS = tuple(column for column in KEYS if column.name in ("execution_id", "trace_id"))


def columns_of(variables: Iterable[Variable]) -> tuple[Column, ...]:
    """The columns of the table for a code book of these variables."""
    return (*_KEYS, *FIXED, *(Column(one.name, KINDS[one.type], one.meaning) for one in variables))


def cells_of(annotation: Annotation) -> dict[str, Any]:
    """What an annotation says, by column; what it does not say is not there."""
    note = {"note": annotation.note} if annotation.note else {}
    return {"is_test": annotation.is_test, "is_excluded": annotation.is_excluded, **note, **annotation.values}


def remark_row(run: Any, annotation: Annotation) -> dict[str, Any]:
    """The row of a run; a record, or a row of a list."""
    return {"execution_id": run.execution_id, "trace_id": run.trace_id, **cells_of(annotation)}


def remark_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> pa.Table:
    """Rows as a table of `columns_of` a code book. An id that is no valid text is null, as in the other tables."""
    together = list(rows)
    arrays = [_array(column, [row.get(column.name) for row in together]) for column in columns]
    return pa.table(arrays, schema_of(columns))


def _array(column: Column, values: list[Any]) -> Any:
    return fit_text(values).array if column.kind == "text" else pa.array(values, TYPES[column.kind])


def remark_table_of(book: RemarkBook) -> pa.Table:
    """All that is said in a book."""
    rows = (remark_row(run, annotation_in(book, said)) for run, said in book.runs.items())
    return remark_table(rows, columns_of(book.variables))
