"""The stage of the tests about studies: keys in a directory of their own, runs of people, and where a name may lie."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from collectors import start_recording
from exporters import ParquetSink

NAMES = {"user_id": "Anna Musterfrau", "session_id": "Klasse 4b", "device_id": "tablet-von-anna"}
"""Whoever finds one of these has found a child."""


def keys_in(tmp_path: Path, monkeypatch) -> Path:
    """Where keys are kept from now on; it is not there yet."""
    directory = tmp_path / "keys"
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(directory))
    return directory


def runs_of(data_dir: Path, *people: dict, **options) -> list[str]:
    """The execution ids of stored runs, one for each of these fields."""
    ids = []
    with start_recording([ParquetSink(data_dir)], journal=False, **options) as recording:
        for fields in people:
            with recording.tracker().execution("dada", **fields) as run:
                ids.append(run.execution_id)
        assert recording.flush(timeout=30)
    return ids


def files_with(text: str, *directories: Path) -> list[Path]:
    """The files below these directories that have a text: in their bytes, or in the cells of a table."""
    files = [path for directory in directories for path in directory.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes() or text in _cells(path)]


def _cells(path: Path) -> str:
    """What a table says: its pages may be compressed."""
    return str(pq.read_table(path, partitioning=None).to_pylist()) if path.suffix == ".parquet" else ""
