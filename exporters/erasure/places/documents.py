"""Erase the documents of runs: `DATA/documents/<execution_id>/`, and the folder of one that shares its id."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from exporters.erasure.intent import in_order
from exporters.erasure.places.known_elsewhere import KnownElsewhere
from exporters.formats.document_sink import owner_of
from exporters.storage.files import sync_directory
from exporters.storage.layout import folder_name
from exporters.storage.tables.parquet_file import Step
from otel_tracking.erasure import Beyond, Removed, RunId


class Documents(KnownElsewhere):
    """The folders of documents of one data directory."""

    name = "documents"

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Remove the folders of these runs."""
        for folder in self._folders(runs):
            yield from remove_folder(self.name, folder, step)

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """Folders that are still there."""
        yield from map(str, self._folders(runs))

    def files(self, runs: frozenset[RunId]) -> Iterator[Path]:
        """The files that would go."""
        for folder in self._folders(runs):
            yield from (path for path in folder.rglob("*") if path.is_file())

    def _folders(self, runs: frozenset[RunId]) -> Iterator[Path]:
        for run in in_order(runs):
            usual = self._data_dir / "documents" / folder_name(run.execution_id)
            owner = owner_of(usual)
            if usual.is_dir() and (owner is None or owner[0] == run.trace_id):
                yield usual
            own = usual.with_name(f"{usual.name}_{run.trace_id or 'imported'}")
            if own.is_dir():
                yield own


def remove_folder(place: str, folder: Path, step: Step) -> Iterator[Removed]:
    """Remove a folder with all that is in it."""
    paths = [path for path in folder.rglob("*") if not path.is_dir()]
    found = [Removed(place, str(path), path.lstat().st_size) for path in paths]
    step(f"remove {place}")
    shutil.rmtree(folder)
    sync_directory(folder.parent)
    yield from found
