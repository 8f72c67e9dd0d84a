"""Runs as lines of canonical JSON: the record of each run whole, one a line, as the document `jsonl` of a run is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from exporters.collections.options import CollectionOptions
from exporters.formats.jsonl import render
from otel_tracking.record import ExecutionRecord


def write(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A line for each record; `options` change nothing."""
    for record in records:
        file.write(render(record))
