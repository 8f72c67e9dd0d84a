"""Erase runs from journals: those of dead processes are overwritten, those of processes at work are theirs to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.delivery.erasing import ErasableSpill, taken_over
from collectors.flight_recorder import DeadRun, find_dead
from collectors.flight_recorder.looking import FoundOwner, namespace_of_journals, owners_in, runs_in
from collectors.flight_recorder.ours import LeftAlone, OurDirectory, as_text
from collectors.flight_recorder.place import SET_ASIDE
from collectors.flight_recorder.recovery import DeadOwner
from collectors.flight_recorder.wiping import Wiped, journals_with, set_aside_with, wipe_set_aside
from collectors.recording.recovery import namespace_of, record_of, spill_base
from collectors.spans.of_journal import read_run
from otel_tracking.erasure import Beyond, IsMeant, Place, Removed, RunId, Step, traces_of
from otel_tracking.record import ExecutionRecord


class ErasableJournals:
    """The journals of a namespace, where `start_recording` and `recover` have them. A place of an erasure."""

    name = "journals"

    def __init__(self, directory: Path | str | None, namespace: str) -> None:
        """`directory` is where journals lie, None for the usual place."""
        self._directory, self._namespace = directory, namespace

    def find(self, is_meant: IsMeant) -> list[RunId]:
        """The runs here that are meant, also those that processes have under way."""
        found = set()
        for owner in self._owners():
            for record in map(_record_of, runs_in(owner.directory)):
                if record is not None and is_meant(record):
                    found.add(RunId(record.execution_id, record.trace_id))
        return sorted(found)

    def erase(self, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        """Overwrite the runs in journals of dead processes, and in what was set aside of them."""
        trace_ids = traces_of(runs)
        not_ours: list[LeftAlone] = []
        done: list[Removed | Beyond] = []
        for dead in find_dead(self._directory, namespace=self._namespace, tell=not_ours.append):
            done += self._erase_of(dead, trace_ids, step)
        done += self._erase_set_aside(trace_ids, step)
        done += [
            self._under_way(owner, trace_ids)
            for owner in self._owners()
            if not owner.is_gone and journals_with(owner.directory, trace_ids)
        ]
        return done + [Beyond(self.name, str(what), what.help) for what in not_ours]

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The files in which there is something of the runs still."""
        trace_ids = traces_of(runs)
        found = [
            as_text(owner.directory.path / file)
            for owner in self._owners()
            for file in journals_with(owner.directory, trace_ids)
        ]
        with namespace_of_journals(self._directory, self._namespace) as where:
            aside = set_aside_with(where, trace_ids) if where and SET_ASIDE in where.names() else []
            return found + [as_text(where.path / SET_ASIDE / file) for file in aside if where]

    def _owners(self) -> Iterator[FoundOwner]:
        with namespace_of_journals(self._directory, self._namespace) as where:
            yield from owners_in(where) if where else ()

    def _erase_of(self, dead: DeadOwner, trace_ids: frozenset[int], step: Step) -> list[Removed | Beyond]:
        step(f"claim {dead.owner.name}")
        claimed = dead.claim()
        if claimed is None:
            return [taken_over(self.name, dead.directory)]
        try:
            wiped = claimed.wipe(trace_ids, step)
            unreadable = [run for run in claimed.runs() if _record_of(run) is None]
            return [
                *self._removed(dead.directory, wiped),
                *(self._unreadable(dead.directory, run) for run in unreadable if run.entries),
            ]
        finally:
            step(f"release {dead.owner.name}")
            claimed.release()

    def _erase_set_aside(self, trace_ids: frozenset[int], step: Step) -> list[Removed | Beyond]:
        with namespace_of_journals(self._directory, self._namespace) as where:
            if where is None or SET_ASIDE not in where.names():
                return []
            wiped = wipe_set_aside(where, trace_ids, step)
            return [*self._removed(where.path / SET_ASIDE, wiped), *self._of_nobody_known(where)]

    def _of_nobody_known(self, where: OurDirectory) -> list[Beyond]:
        with where.directory(SET_ASIDE) as aside:
            return [
                Beyond(
                    self.name,
                    f"{as_text(aside.path / file)} is damaged, and cannot be asked whose it is",
                    "remove it, unless somebody means to save runs out of it",
                )
                for file in aside.names()
            ]

    def _removed(self, directory: Path, wiped: list[Wiped]) -> list[Removed]:
        return [Removed(self.name, as_text(directory / one.file), one.bytes) for one in wiped]

    def _unreadable(self, directory: Path, run: DeadRun) -> Beyond:
        what = f"trace {run.trace_id:032x} in {as_text(directory)} cannot be read as a run, so nobody knows whose it is"
        return Beyond(self.name, what, "recover with the version that wrote it, then erase again")

    def _under_way(self, owner: FoundOwner, trace_ids: frozenset[int]) -> Beyond:
        what = f"process {owner.owner.pid} has it under way still, in {as_text(owner.directory.path)}"
        return Beyond(self.name, what, "its sinks refuse it when it ends, and its journal is wiped then; or end it now")


def _record_of(run: DeadRun) -> ExecutionRecord | None:
    """The record of what there is so far; None where nothing says what it was."""
    try:
        journalled = read_run(run.trace_id, run.entries)
        return record_of(journalled) if journalled.spans else None
    except Exception:
        return None


def places_of_recording(location: str, journals: Path | str | None) -> list[Place]:
    """Where runs that are recorded for the sink at `location` may lie: journals in that directory (None for the usual
    one), and records that wait in files.
    """
    sinks = [_Located(location)]
    namespace = namespace_of(sinks)
    return [ErasableJournals(journals, namespace), ErasableSpill(spill_base(sinks, None), namespace)]


@dataclass(frozen=True, slots=True)
class _Located:
    """A sink of which nothing is wanted but where it is."""

    location: str

    def write(self, record: ExecutionRecord) -> None:
        """Nothing is written here."""

    def close(self) -> None:
        """Nothing is open."""
