"""Erase runs from records that waited in files: those of dead processes go, those of processes at work are named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collectors.delivery.spill import SUFFIX, SpilledRecord, leave_in_order, records_in
from collectors.flight_recorder import LeftAlone, find_dead
from collectors.flight_recorder.looking import FoundOwner, namespace_of_journals, owners_in
from collectors.flight_recorder.ours import OurDirectory, as_text
from collectors.flight_recorder.owner import Taken
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId, Step
from otel_tracking.record import ExecutionRecord


class ErasableSpill:
    """The records that wait in files below `base`, where `start_recording` and `recover` have them. A place."""

    name = "waiting records"

    def __init__(self, base: Path | None, namespace: str) -> None:
        """`base` is None where none may wait in files."""
        self._base, self._namespace = base, namespace

    def find(self, is_meant: IsMeant) -> list[RunId]:
        """The runs here that are meant, whoever's files they wait in."""
        records = [_read(kept) for owner in self._owners() for kept in records_in(owner.directory)]
        return sorted({RunId(one.execution_id, one.trace_id) for one in records if one and is_meant(one)})

    def erase(self, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        """Remove the files of the runs that dead processes left."""
        not_ours: list[LeftAlone] = []
        done: list[Removed | Beyond] = []
        for dead in find_dead(self._base, namespace=self._namespace, tell=not_ours.append) if self._base else ():
            step(f"claim {dead.owner.name}")
            with _held(dead.take()) as directory:
                done += self._erase_in(directory, runs, step) if directory else [taken_over(self.name, dead.directory)]
                step(f"release {dead.owner.name}")
        done += [self._at_work(owner) for owner in self._owners() if not owner.is_gone and self._with(owner, runs)]
        return done + [Beyond(self.name, str(what), what.help) for what in not_ours]

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The files in which one of the runs is waiting."""
        return [path for owner in self._owners() for path in self._with(owner, runs)]

    def _owners(self) -> Iterator[FoundOwner]:
        if self._base is not None:
            with namespace_of_journals(self._base, self._namespace) as where:
                yield from owners_in(where) if where else ()

    def _erase_in(self, directory: OurDirectory, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        done: list[Removed | Beyond] = []
        for kept in _files_in(directory):
            path = as_text(directory.path / kept.name)
            if _is_of(kept, runs):
                step(f"remove {kept.name}")
                size = len(kept.content())
                kept.remove()
                done.append(Removed(self.name, path, size))
            elif kept.is_whole and _read(kept) is None:
                what = f"{path} cannot be read as a record, so nobody knows whose it is"
                advice = "recover with the version that wrote it, then erase again; or remove it"
                done.append(Beyond(self.name, what, advice))
        return done

    def _with(self, owner: FoundOwner, runs: frozenset[RunId]) -> list[str]:
        return [as_text(owner.directory.path / one.name) for one in _files_in(owner.directory) if _is_of(one, runs)]

    def _at_work(self, owner: FoundOwner) -> Beyond:
        what = f"process {owner.owner.pid} has its record waiting for a sink, in {as_text(owner.directory.path)}"
        return Beyond(self.name, what, "the file goes when the sinks have refused it; erase again then, or end it")


def taken_over(place: str, directory: Path) -> Beyond:
    """What is said of a directory that somebody else was first to take over."""
    advice = "once that process is done, erase again: what it recovers is refused by its sinks"
    return Beyond(place, f"{as_text(directory)} is being recovered by another process", advice)


@contextmanager
def _held(taken: Taken | None) -> Iterator[OurDirectory | None]:
    """What was taken over, left in order afterwards."""
    try:
        yield taken.directory if taken else None
    finally:
        if taken:
            leave_in_order(taken)


def _files_in(directory: OurDirectory) -> list[SpilledRecord]:
    """The records, and those that a death left half written."""
    return [SpilledRecord(directory, name) for name in directory.names() if SUFFIX in name]


def _is_of(kept: SpilledRecord, runs: frozenset[RunId]) -> bool:
    """Whether a file is one of these runs': by its name, or where that says no trace, by its record."""
    trace_id = kept.name.partition("-")[0]
    if trace_id != str(None):
        return any(trace_id == run.trace_id for run in runs)
    record = _read(kept)
    return record is not None and any(record.execution_id == run.execution_id for run in runs)


def _read(kept: SpilledRecord) -> ExecutionRecord | None:
    try:
        return kept.read()
    except Exception:
        return None
