"""Remove what a death left unfinished: hidden files under which something was being written, and spilled queries.

Nobody can say whose they were, and nobody reads them. A writer that is alive holds the lock of writes; what is still
there while nobody writes was left by a dead one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from exporters.erasure.places.known_elsewhere import KnownElsewhere
from exporters.remarks.store import FOLDER as REMARKS
from exporters.storage.files import remove
from exporters.storage.layout import is_hidden_name
from exporters.storage.tables.parquet_file import Step
from exporters.storage.upkeep.compaction import TABLES
from exporters.storage.upkeep.salvage import ASIDE
from exporters.storage.writing.tombstones import FOLDER, Tombstones
from otel_tracking.erasure import Beyond, Removed, RunId

_WRITTEN_UNDER_OUR_LOCKS = (*TABLES, "media", "documents", REMARKS, ASIDE, FOLDER)
_QUERIES = ".duckdb"


class Leftovers(KnownElsewhere):
    """Unfinished files of one data directory."""

    name = "unfinished files"

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Remove those of dead writers, and what queries put on disk for the moment."""
        suspects = list(self._suspects())
        if not suspects:
            return
        with Tombstones(self._data_dir).deciding():
            dead = [(path, path.lstat().st_size) for path in suspects if os.path.lexists(path)]
            step("remove unfinished")
            remove(path for path, _ in dead)
        yield from (Removed(self.name, str(path), size) for path, size in dead)

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """None: what is there now is being written by somebody who knows of the erasure."""
        yield from ()

    def _suspects(self) -> Iterator[Path]:
        for folder in _WRITTEN_UNDER_OUR_LOCKS:
            for directory, _, names in os.walk(self._data_dir / folder):
                yield from (Path(directory, name) for name in names if is_hidden_name(name))
        for directory, _, names in os.walk(self._data_dir / _QUERIES):
            yield from (Path(directory, name) for name in names)
