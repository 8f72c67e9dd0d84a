"""Erase runs from Parquet files that no reader reads: what a crash left, copies of others, and what was set aside.

They are items and blobs without executions, files in the directories of the tables that our writer has not named,
rows under another day than theirs, and everything in `DATA/damaged/`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from exporters.erasure.places.known_elsewhere import remove_file
from exporters.erasure.places.stored_rows import RESTORE
from exporters.erasure.rows import Theirs, groups_of
from exporters.errors import BrokenFile
from exporters.storage.files import is_plain
from exporters.storage.layout import is_file_name, short_id
from exporters.storage.tables.parquet_file import Step
from exporters.storage.tables.unpack import exact_fields
from exporters.storage.upkeep.compaction import TABLES
from exporters.storage.upkeep.salvage import ASIDE
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId
from otel_tracking.record import ExecutionRecord

_LOOKED_THROUGH = 1 << 28
"""Bytes up to which a file that is no Parquet is looked through for ids."""


class LooseFiles:
    """Files below the tables and in `damaged/`, each looked at by itself."""

    name = "loose files"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def find(self, is_meant: IsMeant) -> Iterator[RunId]:
        """The runs in what was set aside, and in copies of executions."""
        for path in self._paths("executions", ASIDE):
            is_unread = path.is_relative_to(self._data_dir / ASIDE) or not is_file_name(path.name)
            if is_unread and "executions" in path.parts:
                yield from _find_in(path, is_meant)

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Take their rows out of each file; one that has nothing else goes."""
        theirs = Theirs(runs)
        for path in self._paths(*TABLES, ASIDE):
            yield from self._erase_in(path, theirs, step)

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """Files with a row of theirs, and those that name them."""
        theirs = Theirs(runs)
        for path in self._paths(*TABLES, ASIDE):
            try:
                if theirs.may_be_in(path) and theirs.count_in(path):
                    yield str(path)
            except FileNotFoundError:
                continue
            except BrokenFile:
                if _names(path, runs):
                    yield str(path)

    def _paths(self, *folders: str) -> Iterator[Path]:
        for folder in folders:
            for directory, _, names in os.walk(self._data_dir / folder):
                yield from (Path(directory, name) for name in sorted(names))

    def _erase_in(self, path: Path, theirs: Theirs, step: Step) -> Iterator[Removed | Beyond]:
        try:
            if not is_plain(path) or not theirs.may_be_in(path) or not theirs.count_in(path):
                return
            size = path.stat().st_size
            step("rewrite loose file")
            theirs.write_without(path)
            yield Removed(self.name, str(path), size)
        except FileNotFoundError:
            return
        except BrokenFile:
            yield from self._erase_unreadable(path, theirs.runs, step)

    def _erase_unreadable(self, path: Path, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        if path.name.partition("-")[0] in {short_id(run.execution_id) for run in runs}:
            yield remove_file(self.name, path, step, "remove loose file")
        elif _names(path, runs):
            yield Beyond(self.name, str(path), f"it cannot be read and names one of the runs; {RESTORE}")
        elif path.is_relative_to(self._data_dir / ASIDE):
            yield Beyond(self.name, str(path), f"it was set aside, cannot be read, and may have the runs; {RESTORE}")


def _find_in(path: Path, is_meant: IsMeant) -> Iterator[RunId]:
    try:
        for group in groups_of(path):
            for row in group.to_pylist():
                fields = exact_fields({**row, "exact_json": None}, {})
                names = [name for name in ExecutionRecord.__slots__ if name in fields]
                record = ExecutionRecord(**{"config_name": None, **{name: fields[name] for name in names}})
                if is_meant(record):
                    yield RunId(record.execution_id, record.trace_id)
    except (BrokenFile, FileNotFoundError, TypeError, KeyError):
        return  # whoever erases names what cannot be read


def _names(path: Path, runs: frozenset[RunId]) -> bool:
    """Whether the bytes of a file name one of the runs."""
    try:
        if not is_plain(path) or path.stat().st_size > _LOOKED_THROUGH:
            return False
        content = path.read_bytes()
    except OSError:
        return False
    ids = {text for run in runs for text in (run.execution_id, run.trace_id) if text}
    return any(text.encode("utf-8", "surrogatepass") in content for text in ids)
