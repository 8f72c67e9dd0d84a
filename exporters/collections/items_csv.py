"""The items of runs as one CSV table: the same columns as the document `csv` of a run, a row for each item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from exporters.collections.options import CollectionOptions
from exporters.formats.csv_cells import CsvFile
from exporters.formats.csv_table import COLUMNS, rows_of
from otel_tracking.record import ExecutionRecord


def write(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A row for each item of each record; `options` change nothing."""
    with CsvFile(file, COLUMNS) as table:
        for record in records:
            table.write(rows_of(record))
