"""Say where each document of an export goes, so that no run's is written over another's.

Two runs may have the same execution_id, in one data directory or in two that are exported to the same place. The second
one goes into a folder of its own, named after its trace, with its media.
"""

from __future__ import annotations

from pathlib import Path

from exporters.storage.layout import folder_name
from exporters.storage.reading.execution_index import ExecutionRow
from otel_tracking import ExecutionRecord


class DocumentPlaces:
    """The places of documents below a directory."""

    def __init__(self, directory: Path, suffix: str) -> None:
        self._directory, self._suffix = directory, suffix
        self._runs: dict[str, str] = {}

    def place_of(self, record: ExecutionRecord, document: bytes) -> Path:
        """The path of a record's document, which is the run's from now on."""
        key, name = record.trace_id or record.execution_id, folder_name(record.execution_id)
        usual = self._directory / f"{name}{self._suffix}"
        own = self._directory / f"{name}_{record.trace_id or 'imported'}"
        if self._runs.setdefault(name, key) != key or own.is_dir() or _is_of_another(usual, key, document):
            return own / usual.name
        return usual

    def keep(self, row: ExecutionRow) -> None:
        """Leave the place of a run to it, whose document is there already."""
        self._runs.setdefault(folder_name(row.execution_id), row.key)


def _is_of_another(path: Path, key: str, document: bytes) -> bool:
    """Whether a file is there that does not name the run, although a document of its kind does."""
    if key.encode() not in document:
        return False  # packed, or of a format that names no trace
    try:
        return key.encode() not in path.read_bytes()
    except OSError:
        return False
