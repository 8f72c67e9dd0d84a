"""Know which runs are stored, so that a recovery never stores one twice."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from exporters.table_file import arrow_file


class StoredKeys:
    """The highest stored revision by trace id, read from the files when first asked and whenever new ones appear."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._files_read: set[Path] = set()
        self._revisions: dict[str, int] = {}

    def contains(self, trace_id: str, revision: int) -> bool:
        """Whether that revision or a later one is stored."""
        if not self._knows(trace_id, revision):
            self._read_new_files()
        return self._knows(trace_id, revision)

    def _knows(self, trace_id: str, revision: int) -> bool:
        return self._revisions.get(trace_id, -1) >= revision

    def _read_new_files(self) -> None:
        for path in set(self._data_dir.glob("executions/date=*/[!.]*.parquet")) - self._files_read:
            try:
                rows = pq.ParquetFile(arrow_file(path)).read(columns=["trace_id", "revision"])
            except FileNotFoundError:
                return self._read_new_files()  # compacted away since; its runs are in a file that is new now
            self._files_read.add(path)
            for trace_id, revision in zip(rows["trace_id"].to_pylist(), rows["revision"].to_pylist(), strict=True):
                if trace_id is not None:
                    self._revisions[trace_id] = max(revision, self._revisions.get(trace_id, -1))
