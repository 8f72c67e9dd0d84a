"""Erase runs from what was exported, as far as the ledger of exports knows where it went.

A document goes, media of a run go, an answer to a question in SQL goes, what has many runs is made anew without them.
Last, the lines of the ledger lose what they say of the runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from exporters.erasure.intent import in_order
from exporters.erasure.places.documents import remove_folder
from exporters.erasure.places.known_elsewhere import KnownElsewhere, remove_file
from exporters.erasure.places.made_anew import erase_from_many, sweep
from exporters.privacy.exports_ledger import Export, ExportKind, ExportsLedger
from exporters.storage.layout import folder_name
from exporters.storage.tables.parquet_file import Step
from otel_tracking.erasure import Beyond, Removed, RunId

_SENT = "tell whoever got it to remove it, too"
_MOVED = "remove it wherever it was moved or copied to"
_OTHER = "look there, and remove what has the run"


class Exported(KnownElsewhere):
    """What left one data directory, by its ledger."""

    name = "exports"

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self._ledger = ExportsLedger(data_dir)
        self._of_others: set[tuple[ExportKind, str | None]] = set()

    def concerned(self, runs: frozenset[RunId]) -> list[Export]:
        """The exports that have any of the runs."""
        return [export for export in self._ledger.exports() if not runs.isdisjoint(export.runs)]

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Take the runs out of every export, and then out of the ledger."""
        exports = self.concerned(runs)
        self._of_others = {(one.kind, one.path) for one in self._ledger.exports() if not runs.issuperset(one.runs)}
        for export in exports:
            yield from self._erase_from(export, runs, step)
        if exports:
            step("rewrite ledger")
            self._ledger.rewrite(lambda export: _without(export, runs))

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """Exports whose line still names one of the runs."""
        yield from (export.path or export.kind for export in self.concerned(runs))

    def _erase_from(self, export: Export, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        if export.path is None:
            article = "an" if export.kind == ExportKind.ANSWER else "a"
            yield Beyond(self.name, f"{article} {export.kind} of {export.time}", _SENT)
            return
        path = Path(export.path)
        if export.kind in (ExportKind.DATASET, ExportKind.COLLECTION):
            yield from erase_from_many(self._data_dir, export, runs, step)
            return
        yield from sweep(path, step)
        if not os.path.lexists(path):
            yield Beyond(self.name, str(path), f"it is no longer there; {_MOVED}")
        elif path.is_symlink() or path.is_dir() == path.is_file():
            yield Beyond(self.name, str(path), f"it is something else than what was exported; {_OTHER}")
        elif not path.is_file():
            yield from self._erase_in_directory(export, path, runs, step)
        # What in an answer is of the run, nobody can tell: it goes whole, and whoever asked has the question.
        elif export.kind is not ExportKind.ANSWER and (export.kind, export.path) in self._of_others:
            yield Beyond(self.name, str(path), f"other runs have the same file; {_OTHER}")
        else:
            yield remove_file(self.name, path, step, "remove document")

    def _erase_in_directory(
        self, export: Export, path: Path, runs: frozenset[RunId], step: Step
    ) -> Iterator[Removed | Beyond]:
        """What an export of media or documents wrote into a directory for a run is named after it."""
        found = False
        for run in in_order(runs.intersection(export.runs)):
            name = folder_name(run.execution_id)
            own = path / f"{name}_{run.trace_id or 'imported'}"
            for folder in (path / "media" / name, path / name, own):
                if folder.is_dir() and not folder.is_symlink():
                    found = True
                    yield from remove_folder(self.name, folder, step)
            for document in sorted(path.glob(f"{name}.*")):
                found = True
                yield remove_file(self.name, document, step, "remove document")
        if not found:
            yield Beyond(self.name, str(path), f"nothing there is named after the run; {_MOVED}")


def _without(export: Export, runs: frozenset[RunId]) -> Export | None:
    """A ledger's line without the runs; None where no run is left."""
    if runs.isdisjoint(export.runs):
        return export
    if export.kind is ExportKind.ANSWER:
        return None
    left = tuple(run for run in export.runs if run not in runs)
    return replace(export, runs=left) if left else None
