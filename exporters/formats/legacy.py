"""Read one record from a file that an earlier tracker, or this one's JSON format, wrote."""

from __future__ import annotations

from pathlib import Path

from exporters.errors import BrokenFile
from exporters.formats.json import parse
from otel_tracking.record import ExecutionRecord


def import_record(path: str | Path) -> ExecutionRecord:
    """The record in a JSON file; `BrokenFile` names the file and what is wrong with it."""
    path = Path(path)
    try:
        return parse(path.read_bytes())
    except (OSError, BrokenFile) as trouble:
        raise BrokenFile(
            f"{path} cannot be imported: {trouble}. A JSON file of one execution record would work"
        ) from trouble
