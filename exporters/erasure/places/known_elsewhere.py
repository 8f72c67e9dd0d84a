"""What places have in common in which nothing says whose it is, and how one file goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from exporters.storage.files import remove
from exporters.storage.tables.parquet_file import Step
from otel_tracking.erasure import IsMeant, Removed, RunId


class KnownElsewhere:
    """A place of one data directory of which the tables know whose it is, or nobody does."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def find(self, is_meant: IsMeant) -> Iterator[RunId]:
        """None: it is not asked here."""
        yield from ()


def remove_file(place: str, path: Path, step: Step, what: str) -> Removed:
    """Remove a file, and say what it was; `step` is told `what` before. `FileNotFoundError` where there is none."""
    size = path.lstat().st_size
    step(what)
    remove([path])
    return Removed(place, str(path), size)
