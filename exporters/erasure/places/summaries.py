"""Erase runs from the summaries that are kept together, day by day: `DATA/.summaries/`.

They have nothing but copies of what the tables say, and a reader puts them down again where they are gone. So all of
them go: a line that a death has torn tells nobody whose it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from exporters.erasure.places.known_elsewhere import KnownElsewhere, remove_file
from exporters.storage.layout import names_in
from exporters.storage.tables.day_summaries import FOLDER, read_runs
from exporters.storage.tables.parquet_file import Step
from otel_tracking.erasure import Beyond, Removed, RunId


class Summaries(KnownElsewhere):
    """The summaries of one data directory. Whoever puts some down meanwhile knows which runs were erased."""

    name = "summaries"

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Remove them."""
        folder = self._data_dir / FOLDER
        for name in sorted(names_in(folder)):
            with contextlib.suppress(FileNotFoundError):
                yield remove_file(self.name, folder / name, step, "remove summaries")

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """Those in which one of the runs is named: what others have put down since names none."""
        folder = self._data_dir / FOLDER
        for name in sorted(names_in(folder)):
            with contextlib.suppress(FileNotFoundError):
                if not runs.isdisjoint(RunId(*ids) for ids in read_runs(folder / name)):
                    yield str(folder / name)
