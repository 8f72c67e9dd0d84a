"""What was said of runs, as a sheet to go on in: ids, prompt and last text, then marks, note and every variable.

`otel-tracking annotate --from` reads it again (`exporters/remarks/sheet.py`), and passes over what is the run's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

from exporters.collections.journey import final_of, journey_of, prompt_of
from exporters.collections.options import CollectionOptions
from exporters.formats.csv_cells import CsvFile, protect, spelled
from exporters.remarks.annotated import annotation_of
from exporters.remarks.table import FIXED, cells_of
from exporters.remarks.variables import written
from otel_tracking.record import ExecutionRecord

OF_THE_RUN = ("execution_id", "trace_id", "prompt", "final_text")


def write(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A row for each record."""
    records = iter(records)
    first = next(records, None)
    variables = [] if first is None else [one.name for one in annotation_of(first).variables]
    names = [*OF_THE_RUN, *(column.name for column in FIXED), *variables]
    with CsvFile(file, names) as table:
        for record in () if first is None else chain([first], records):
            cells = {**_own(record), **_said(record)}
            table.write([[cells.get(name, "") for name in names]])


def _own(record: ExecutionRecord) -> Mapping[str, str]:
    journey = journey_of(record)
    texts = {"prompt": prompt_of(journey), "final_text": final_of(journey)}
    ids = {"execution_id": record.execution_id, "trace_id": record.trace_id or ""}
    told: Iterator[tuple[str, str]] = ((name, text.text) for name, text in texts.items() if text)
    return {name: protect(spelled(text)) for name, text in (*ids.items(), *told)}


def _said(record: ExecutionRecord) -> Mapping[str, str]:
    cells = cells_of(annotation_of(record)).items()
    return {name: _cell(value) for name, value in cells if value is not False or name not in ("is_test", "is_excluded")}


def _cell(value: Any) -> str:
    return protect(value) if isinstance(value, str) else written(value)
