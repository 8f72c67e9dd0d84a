"""Records out: one module per format, each imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exporters.errors import StorageError as StorageError
    from exporters.formats import FORMATS as FORMATS
    from exporters.formats import Format as Format
    from exporters.formats.document_sink import DocumentSink as DocumentSink
    from exporters.formats.json import import_record as import_record
    from exporters.storage.reading.finding import find_execution as find_execution
    from exporters.storage.reading.finding import find_run as find_run
    from exporters.storage.reading.records import ExecutionRow as ExecutionRow
    from exporters.storage.reading.records import each_execution as each_execution
    from exporters.storage.reading.records import list_executions as list_executions
    from exporters.storage.reading.records import read_records as read_records
    from exporters.storage.reading.records import read_rows as read_rows
    from exporters.storage.reading.sql import connect as connect
    from exporters.storage.upkeep.compaction import CompactionReport as CompactionReport
    from exporters.storage.upkeep.compaction import compact as compact
    from exporters.storage.writing.parquet_dataset import ParquetSink as ParquetSink

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
    "import_record": "formats.json",
    "list_executions": "storage.reading.records",
    "read_records": "storage.reading.records",
    "read_rows": "storage.reading.records",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    """The public name, from the module that has it: whoever only lists formats never waits for pyarrow."""
    if name not in _HOME:
        raise AttributeError(f"module 'exporters' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"exporters.{_HOME[name]}"), name)
