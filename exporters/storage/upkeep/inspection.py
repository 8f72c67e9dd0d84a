"""Look at every file of a store, whether a reader would read it or not, and say what is wrong with it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from exporters.errors import BrokenFile
from exporters.storage.files import is_plain, is_there
from exporters.storage.layout import day_of_directory, days_near, is_file_name, is_unfinished_name, names_in
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow
from exporters.storage.tables.seal import belongs
from exporters.storage.tables.table_file import check_file
from exporters.storage.upkeep.whole_files import is_replaced

TABLES = ("executions", "items", "blobs")
UNFINISHED_SECONDS = 3600
"""Younger files without executions are a write that is not done."""


class Fault(StrEnum):
    """What is wrong with a file: it cannot be read, nobody of us named it so, or what belongs to it is gone."""

    DAMAGED = "damaged"
    FOREIGN = "foreign"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Oddity:
    """A file or directory of a store that is not as it should be. `place` is where it says that it belongs."""

    path: Path
    fault: Fault
    sentence: str
    place: str | None = None


def inspect_store(data_dir: str | Path, *, now: float | None = None) -> Iterator[Oddity]:
    """What is wrong with the files of the three tables, each file once, in the order of their paths.

    >>> list(inspect_store("/nowhere"))
    []
    """
    oldest_write = (time.time() if now is None else now) - UNFINISHED_SECONDS
    for table in TABLES:
        root = Path(data_dir) / table
        try:
            for name in sorted(names_in(root)):
                yield from _directory(root / name, oldest_write)
        except BrokenFile as trouble:
            yield Oddity(root, Fault.DAMAGED, str(trouble))


def _directory(path: Path, oldest_write: float) -> Iterator[Oddity]:
    if day_of_directory(path.name) is None:
        yield Oddity(
            path, Fault.FOREIGN, f"{path} is no directory of a day: {_whose(path.name)}. Nothing in it is read"
        )
        return
    try:
        names = sorted(names_in(path))
    except BrokenFile as trouble:
        yield Oddity(path, Fault.DAMAGED, str(trouble))
        return
    for name in names:
        try:
            yield from _file(path / name, oldest_write)
        except FileNotFoundError:
            continue  # compacted away a moment ago


def _file(path: Path, oldest_write: float) -> Iterator[Oddity]:
    if is_unfinished_name(path.name):
        return
    if not is_file_name(path.name):
        yield Oddity(path, Fault.FOREIGN, f"{path} has no name of ours: {_whose(path.name)}. It is not read")
        return
    try:
        check_file(path)
    except BrokenFile as trouble:
        yield Oddity(path, Fault.DAMAGED, str(trouble), _place(path))
        return
    yield from _alone(path, oldest_write)


def _alone(path: Path, oldest_write: float) -> Iterator[Oddity]:
    """Items or blobs whose executions are gone, and of which no other write has the runs."""
    executions = path.parents[2] / "executions" / path.parent.name / path.name
    if path == executions or is_there(executions) or path.stat().st_mtime > oldest_write:
        return
    damages = Damages()
    if not is_replaced(path, _rows_near(path), damages):
        yield from (Oddity(path, Fault.ALONE, damage.sentence) for damage in damages)


def _rows_near(path: Path) -> list[ExecutionRow]:
    day = day_of_directory(path.parent.name)
    index = ExecutionIndex(path.parents[2])
    return [row for near in days_near(day) for row in index.all_rows(near)] if day else []


def _place(path: Path) -> str | None:
    """Where a sealed file belongs, if that is another place than where it is."""
    try:
        return belongs(path) if is_plain(path) else None
    except OSError:
        return None


_PATTERNS = {
    r"conflict": "a sync tool's copy of a file that was changed in two places",
    r"\(\d+\)|copy|kopie": "a copy that somebody or a program made",
    r"~$|^\.?#|\.bak$|\.sw.$|\.orig$": "an editor's backup",
    r"\.part$|\.tmp$|\.crdownload$|^\.syncthing|^~": "a transfer that has not ended",
}


def _whose(name: str) -> str:
    """A guess at where a foreign file comes from."""
    found = (said for pattern, said in _PATTERNS.items() if re.search(pattern, name, re.IGNORECASE))
    return f"perhaps {next(found, 'something that another program left')}"
