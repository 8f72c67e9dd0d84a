"""Erase the media of runs: what lies in their folders, and what their items name elsewhere below `DATA/media/`.

A file that another run's item names stays with that run. Comes before the rows go, which say what the files are.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from exporters.erasure.places.known_elsewhere import KnownElsewhere
from exporters.erasure.rows import Theirs, groups_of
from exporters.errors import BrokenFile
from exporters.storage.files import is_there, sync_directory
from exporters.storage.layout import folder_name, stored_days, table_files
from exporters.storage.tables.parquet_file import Step
from exporters.storage.writing.media import stored_file
from otel_tracking.erasure import Beyond, Removed, RunId
from otel_tracking.values.kinds import is_unicode

_COLUMNS = ["execution_id", "trace_id", "file_path", "media_sha256"]
_SHARED = "a run that was not erased names it; erase that run too, if the picture is to go"


class MediaFolders(KnownElsewhere):
    """The media of one data directory."""

    name = "media"

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Remove their files, and folders that are empty then."""
        mine, shared = self._files(runs)
        for path in sorted(mine - shared):
            size = path.lstat().st_size
            step("remove media")
            path.unlink(missing_ok=True)
            yield Removed(self.name, str(path), size)
        for path in sorted(mine & shared):
            yield Beyond(self.name, str(path), _SHARED)
        below = {Path(directory) for folder in self._folders(runs) for directory, _, _ in os.walk(folder)}
        for folder in sorted({path.parent for path in mine} | below, reverse=True):
            self._remove_if_empty(folder)

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """Files in their folders that no other run names."""
        yield from map(str, self.files(runs))

    def files(self, runs: frozenset[RunId]) -> Iterator[Path]:
        """The files that would go."""
        mine, shared = self._files(runs)
        yield from sorted(mine - shared)

    def _files(self, runs: frozenset[RunId]) -> tuple[set[Path], set[Path]]:
        """The files of these runs, and those among them that others name, too."""
        theirs = Theirs(runs)
        mine = {path for folder in self._folders(runs) for path in folder.rglob("*") if not path.is_dir()}
        mine |= set(filter(None, (stored_file(self._data_dir, name) for name in self._named(theirs))))
        if not mine:
            return mine, set()
        names = pa.array([path.relative_to(self._data_dir).as_posix() for path in mine if is_unicode(str(path))])
        return mine, {self._data_dir / name for name in self._named_by_others(theirs, names)} & mine

    def _folders(self, runs: Iterable[RunId]) -> Iterator[Path]:
        folders = (self._data_dir / "media" / folder_name(run.execution_id) for run in runs)
        yield from (folder for folder in dict.fromkeys(folders) if folder.is_dir() and not folder.is_symlink())

    def _named(self, theirs: Theirs) -> Iterator[str]:
        for path in self._items():
            if theirs.may_be_in(path):
                for group in _groups(path):
                    found = group["file_path"].filter(theirs.mask(group))
                    yield from filter(None, found.unique().to_pylist())

    def _named_by_others(self, theirs: Theirs, names: pa.Array) -> Iterator[str]:
        ids = pa.array([run.execution_id for run in theirs.runs if is_unicode(run.execution_id)], pa.string())
        for path in self._items():
            for group in _groups(path):
                others = group.filter(pc.invert(theirs.mask(group)))
                named = others["file_path"].filter(pc.is_in(others["file_path"], value_set=names))
                yield from named.unique().to_pylist()
                # Another run with the same id has the same folder; what no item names lies there by its sha256.
                twins = others.filter(pc.is_in(others["execution_id"], value_set=ids))
                for twin in twins.select(["execution_id", "media_sha256"]).to_pylist():
                    yield f"media/{folder_name(twin['execution_id'])}/{twin['media_sha256']}"

    def _items(self) -> Iterator[Path]:
        for day in stored_days(self._data_dir, "items"):
            yield from table_files(self._data_dir, "items", day)

    def _remove_if_empty(self, folder: Path) -> None:
        if folder == self._data_dir / "media" or not folder.is_dir():
            return
        with contextlib.suppress(OSError):
            folder.rmdir()
        sync_directory(folder if is_there(folder) else folder.parent)


def _groups(path: Path) -> Iterator[pa.Table]:
    """The columns that matter; a file that cannot be read says nothing of what it names."""
    with contextlib.suppress(BrokenFile, FileNotFoundError):
        yield from groups_of(path, _COLUMNS)
