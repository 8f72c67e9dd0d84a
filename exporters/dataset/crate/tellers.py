"""Who tells what runs did: each by itself, or where there are too many, those that are alike together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from exporters.collections.names import UniqueNames, file_name
from exporters.dataset.crate.summing import MOST, Summing
from exporters.dataset.crate.telling import told_of
from exporters.dataset.crate.told import RunsTold, RunTold
from exporters.dataset.leaving import Bunch, LeavingRun
from exporters.errors import BrokenFile
from exporters.storage.reading.execution_index import ExecutionRow

_PER_RUN = 4
"""The stages of a run, each of them an action."""


class Teller(Protocol):
    """Is shown runs as they leave, in the order of their ids, and tells of them in the end."""

    def add(self, bunch: Bunch) -> None:
        """Look at some runs."""

    def told(self) -> RunsTold:
        """What all of them did."""


def teller_for(wanted: Sequence[ExecutionRow], most: int = MOST) -> Teller:
    """One that tells each run; where that would be more than `most` entities, one that tells many together."""
    count = _PER_RUN * len(wanted) + sum(row.item_rows for row in wanted)
    return Summing() if count > most else TellingEach()


class TellingEach:
    """Tells each run by itself."""

    def __init__(self) -> None:
        self._names, self._runs = UniqueNames(), list[RunTold]()

    def add(self, bunch: Bunch) -> None:
        """Tell the runs of a bunch."""
        self._runs.extend(map(self._told, bunch.runs))

    def told(self) -> RunsTold:
        """The runs, in the order in which they left."""
        return RunsTold(self._runs)

    def _told(self, leaving: LeavingRun) -> RunTold:
        [execution_id] = leaving.rows.executions["execution_id"].to_pylist()
        name = self._names.give(file_name(execution_id))
        try:
            return told_of(leaving.record(), name, leaving.media)
        except BrokenFile:
            # Its rows are there, and that is all that can be said.
            [start] = leaving.rows.executions["timestamp"].to_pylist()
            return RunTold(name=name, config="", stages=(), start=start, end=start)
