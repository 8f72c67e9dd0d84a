"""Erase runs from the file of run ids: a restarted server goes on with none that was erased."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId, Step
from otel_tracking.migration.recorder.run_ids import RunIds


class ErasableRunIds:
    """The file of a server's run ids. A place of an erasure, also beside servers at work."""

    name = "run_ids"

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, is_meant: IsMeant) -> Iterable[RunId]:
        """Nothing: a line says nothing of a run but its ids."""
        return ()

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterable[Removed | Beyond]:
        """Write the file anew without the runs, where it has one."""
        if not list(self.left(runs)):
            return []
        size = self._path.stat().st_size
        step(f"rewrite {self._path.name}")
        RunIds(self._path).forget(run.execution_id for run in runs)
        return [Removed(self.name, str(self._path), size - self._path.stat().st_size)]

    def left(self, runs: frozenset[RunId]) -> Iterable[str]:
        """The files that still name one of them."""
        ids = [run.execution_id.encode() for run in runs]
        files = [self._path, *self._path.parent.glob(f"{self._path.name}.*.new")]
        return [str(path) for path in files if path.is_file() and any(named in path.read_bytes() for named in ids)]
