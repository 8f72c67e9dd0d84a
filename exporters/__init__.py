"""Records out: one module per format, each imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exporters.errors import StorageError
    from exporters.formats import FORMATS, Format
    from exporters.formats.document_sink import DocumentSink
    from exporters.formats.legacy import import_record
    from exporters.storage.reading.finding import find_execution, find_run
    from exporters.storage.reading.records import ExecutionRow, each_execution, list_executions, read_records, read_rows
    from exporters.storage.reading.sql import connect
    from exporters.storage.upkeep.compaction import CompactionReport, compact
    from exporters.storage.writing.parquet_dataset import ParquetSink

_HOME = {
    "FORMATS": "formats",
    "CompactionReport": "storage.upkeep.compaction",
    "DocumentSink": "formats.document_sink",
    "ExecutionRow": "storage.reading.records",
    "Format": "formats",
    "ParquetSink": "storage.writing.parquet_dataset",
    "StorageError": "errors",
    "compact": "storage.upkeep.compaction",
    "connect": "storage.reading.sql",
    "each_execution": "storage.reading.records",
    "find_execution": "storage.reading.finding",
    "find_run": "storage.reading.finding",
    "import_record": "formats.legacy",
    "list_executions": "storage.reading.records",
    "read_records": "storage.reading.records",
    "read_rows": "storage.reading.records",
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
    "connect",
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
