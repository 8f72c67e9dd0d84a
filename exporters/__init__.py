"""Records out: one module per format, each imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exporters.compaction import CompactionReport, compact
    from exporters.document_sink import DocumentSink
    from exporters.errors import StorageError
    from exporters.finding import find_execution, find_run
    from exporters.formats import FORMATS, Format
    from exporters.legacy import import_record
    from exporters.parquet_dataset import ParquetSink
    from exporters.reading import ExecutionRow, each_execution, list_executions, read_records, read_rows

_HOME = {
    "FORMATS": "formats",
    "CompactionReport": "compaction",
    "DocumentSink": "document_sink",
    "ExecutionRow": "reading",
    "Format": "formats",
    "ParquetSink": "parquet_dataset",
    "StorageError": "errors",
    "compact": "compaction",
    "each_execution": "reading",
    "find_execution": "finding",
    "find_run": "finding",
    "import_record": "legacy",
    "list_executions": "reading",
    "read_records": "reading",
    "read_rows": "reading",
}

__all__ = [
    "FORMATS",
    "CompactionReport",
    "DocumentSink",
    "ExecutionRow",
    "Format",
    "ParquetSink",
    "StorageError",
    "compact",
    "each_execution",
    "find_execution",
    "find_run",
    "import_record",
    "list_executions",
    "read_records",
    "read_rows",
]


def __getattr__(name: str) -> Any:
    """The public name, from the module that has it: whoever only lists formats never waits for pyarrow."""
    if name not in _HOME:
        raise AttributeError(f"module 'exporters' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"exporters.{_HOME[name]}"), name)
