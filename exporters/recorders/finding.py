"""Find runs below a directory: folders of earlier recorders, and records of one file, in any of the layouts there were.

    DIR/2026-01-29/<device>/run_…/metadata.json      by day and device
    DIR/run_…/metadata.json                          flat
    DIR/pipeline_runs/run_…/metadata.json            the oldest
    DIR/exec_….json                                  a record of the tracker before them

Links below DIR are never followed: they may lead anywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

METADATA = "metadata.json"
_DEEPEST = 12
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_RECORD = re.compile(r"exec_\d{8}_\d{6}_\w+\.json")


@dataclass(frozen=True, slots=True)
class FoundRun:
    """Something below a directory: a run's folder, a record's file, or what was not looked into, and why."""

    path: Path
    is_folder: bool = False
    trouble: str | None = None


def find_runs(directory: Path) -> Iterator[FoundRun]:
    """The runs below a directory, by their names; other files are left alone. It may be a run's folder itself.

    >>> list(find_runs(Path("/nowhere")))[0].trouble
    '/nowhere cannot be looked into: No such file or directory'
    """
    return _below(directory, _DEEPEST)


def layout_of(folder: Path) -> str:
    """How the folder of a run lies among others: `dated`, `pipeline_runs` or `flat`.

    >>> [layout_of(Path(path)) for path in ("json/2026-01-29/tablet/run_1", "pipeline_runs/run_1", "run_1")]
    ['dated', 'pipeline_runs', 'flat']
    """
    parents = [parent.name for parent in folder.absolute().parents]
    if any(map(_DAY.fullmatch, parents[:2])):
        return "dated"
    return "pipeline_runs" if "pipeline_runs" in parents[:1] else "flat"


def _below(directory: Path, levels: int) -> Iterator[FoundRun]:
    try:
        with os.scandir(directory) as entries:
            there = sorted(entries, key=lambda entry: entry.name)
    except OSError as trouble:
        yield FoundRun(directory, trouble=f"{directory} cannot be looked into: {trouble.strerror or trouble}")
        return
    if any(entry.name == METADATA for entry in there):
        yield FoundRun(directory, is_folder=True)
        return
    if there and directory.name.startswith("run_"):
        yield FoundRun(directory, trouble=f"{directory} cannot be imported: it has no {METADATA}")
        return
    for entry in there:
        yield from _found(directory / entry.name, entry, levels)


def _found(path: Path, entry: os.DirEntry[str], levels: int) -> Iterator[FoundRun]:
    if entry.is_symlink():
        if path.is_dir() or _RECORD.fullmatch(path.name):
            yield FoundRun(path, trouble=f"{path} is a link, which may lead anywhere; name the folder that it leads to")
    elif entry.is_dir():
        if levels:
            yield from _below(path, levels - 1)
        else:
            yield FoundRun(path, trouble=f"{path} lies too deep to be a run of a recorder")
    elif entry.is_file() and _RECORD.fullmatch(path.name):
        yield FoundRun(path)
