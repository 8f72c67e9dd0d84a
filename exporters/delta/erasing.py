"""Erase runs from the tables of a programme: a place of an erasure, beside those of a data directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporters.delta.reading import known_runs, read_known
from exporters.delta.removal import (
    TABLES_IN_ORDER,
    RowsOfRuns,
    files_of_history,
    forget_history,
    messages_of,
    remove_messages,
)
from exporters.delta.stored_media import StoredMedia
from exporters.delta.tables import DeltaStore
from exporters.delta.tombstones import TableTombstones
from exporters.errors import NoTable
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId, Step

_SHARED = "a run that was not erased has it too; erase that run, if the picture is to go"
_NO_STORE = "say where they are: --media-store s3://bucket/prefix would work"


class TableRows:
    """RowsOfRuns, messages and media of runs in the tables at a URI, and what their history has of them."""

    name = "tables of the programme"

    def __init__(self, store: DeltaStore, erasure: str, media: StoredMedia | None = None) -> None:
        self._store, self._erasure, self._media = store, erasure, media

    def find(self, is_meant: IsMeant) -> Iterator[RunId]:
        """The runs that are meant among those that did not end; the others are found in the working copy."""
        spilled = self._store.below("spill")
        try:
            executions = spilled.open("executions")
        except NoTable:
            return
        with spilled.said("executions"):
            for record in read_known(spilled, executions, known_runs(executions, None).values()):
                if is_meant(record):
                    yield RunId(record.execution_id, record.trace_id)

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Put down that they are erased, and remove them: media first, of which only the rows tell."""
        step("tombstones of the tables")
        TableTombstones(self._store).add(runs, self._erasure)
        yield from self._erase_media(runs, step)
        for place in (self._store, self._store.below("spill")):
            step("rows of the tables")
            removed = RowsOfRuns(place, runs).remove()
            if removed:
                yield Removed(self.name, place.uri, 0)
        step("messages of the tables")
        if remove_messages(self._store, runs):
            yield Removed(self.name, f"{self._store.uri}/aside", 0)
        step("history of the tables")
        for place, name in self._tables():
            forget_history(place, name)

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """Tables that have rows of them, and files of the history."""
        for place in (self._store, self._store.below("spill")):
            rows = RowsOfRuns(place, runs)
            yield from (f"{place.uri}/{name}" for name in TABLES_IN_ORDER if rows.writes(name))
        for place, name in self._tables():
            yield from (f"{place.uri}/{name}/{path}" for path in files_of_history(place, name))
        try:
            asides = self._store.open("aside")
        except NoTable:
            return
        if any(True for _ in messages_of(self._store, asides, runs)):
            yield f"{self._store.uri}/aside"

    def _tables(self) -> Iterable[tuple[DeltaStore, str]]:
        for place in (self._store, self._store.below("spill")):
            yield from ((place, name) for name in TABLES_IN_ORDER)
        yield self._store, "aside"

    def _erase_media(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        mine, shared = RowsOfRuns(self._store, runs).media()
        if mine and self._media is None:
            yield Beyond(self.name, f"{len(mine)} media of the runs", _NO_STORE)
            return
        for sha256 in sorted(mine - shared):
            step("remove media")
            size = self._media.remove(sha256) if self._media else None
            if size is not None and self._media:
                yield Removed(self.name, self._media.place_of(sha256), size)
        for sha256 in sorted(mine & shared):
            yield Beyond(self.name, self._media.place_of(sha256) if self._media else sha256, _SHARED)
