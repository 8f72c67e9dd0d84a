"""Remove the rows of runs from tables, and from the files that their history still has.

Rows are named by the numbers of their writes: what stands in a table's log for ever says nothing of whom it was about.
Items and blobs go before the executions, so that whoever begins again after a death finds the runs still.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from exporters.delta.queries import batches, one_of, rows
from exporters.delta.tables import DATE, TRIES, DeltaStore, first_sentence, packing, says_nothing_of_people
from exporters.errors import NoTable, WriteFailed
from exporters.storage.layout import day_of_id, days_near
from otel_tracking.erasure import RunId

if TYPE_CHECKING:
    from deltalake import DeltaTable

TABLES_IN_ORDER = ("blobs", "items", "executions")
WRITES_AT_ONCE = 500
_KEYS = ("execution_id", "trace_id", "write_id")


class RowsOfRuns:
    """The rows of some runs in the three tables below one place."""

    def __init__(self, store: DeltaStore, runs: Collection[RunId]) -> None:
        self.store, self._runs = store, runs

    def writes(self, name: str) -> list[int]:
        """The numbers of their writes in a table, also of those whose executions never came."""
        try:
            table = self.store.open(name)
        except NoTable:
            return []
        with self.store.said(name):
            return sorted(set(rows(table, _KEYS, self._near(), self._theirs)["write_id"].to_pylist()))

    def media(self) -> tuple[set[str], set[str]]:
        """The sha256 of their media, and of those among them that other runs have, too."""
        columns = [*_KEYS, "media_sha256"]
        try:
            items = self.store.open("items")
        except NoTable:
            return set(), set()
        with self.store.said("items"):
            names = rows(items, columns, self._near(), self._theirs)["media_sha256"].drop_null().unique()

            def is_others(batch: pa.RecordBatch) -> Any:
                return pc.and_(pc.is_in(batch["media_sha256"], names), pc.invert(self._theirs(batch)))

            others = rows(items, columns, mask=is_others) if len(names) else None
        return set(names.to_pylist()), set(others["media_sha256"].to_pylist()) if others else set()

    def remove(self) -> int:
        """Remove them; how many writes there were. Raises `WriteFailed`."""
        return sum(self._remove_from(name) for name in TABLES_IN_ORDER)

    def remove_for_good(self) -> int:
        """Remove them, and the files of the history that had them; how many writes there were."""
        removed = self.remove()
        for name in TABLES_IN_ORDER if removed else ():
            forget_history(self.store, name)
        return removed

    def _remove_from(self, name: str) -> int:
        writes = self.writes(name)
        for start in range(0, len(writes), WRITES_AT_ONCE):
            delete_rows(self.store, name, one_of("write_id", writes[start : start + WRITES_AT_ONCE]))
        return len(writes)

    def _near(self) -> str:
        """The condition that a row is of a day on which they may be."""
        named = [day_of_id(run.execution_id) for run in self._runs]
        near = {other.isoformat() for day in named if day for other in days_near(day)}
        return one_of(DATE, sorted(near)) if all(named) else "true"

    def _theirs(self, batch: pa.RecordBatch) -> Any:
        traces = pa.array([run.trace_id for run in self._runs if run.trace_id], pa.string())
        others = pa.array([run.execution_id for run in self._runs if not run.trace_id], pa.string())
        of_trace = pc.is_in(batch["trace_id"], traces)
        return pc.or_(of_trace, pc.and_(pc.is_null(batch["trace_id"]), pc.is_in(batch["execution_id"], others)))


def remove_messages(store: DeltaStore, runs: Collection[RunId]) -> int:
    """Remove the messages that were set aside and have something of the runs; how many there were."""
    try:
        table = store.open("aside")
    except NoTable:
        return 0
    count = 0
    for topic, partition, offset in messages_of(store, table, runs):
        place: dict[str, str | int] = {"topic": topic, "partition": partition, "offset": offset}
        delete_rows(store, "aside", " and ".join(one_of(name, [value]) for name, value in place.items()))
        count += 1
    return count


def messages_of(store: DeltaStore, table: DeltaTable, runs: Collection[RunId]) -> Iterator[tuple[str, int, int]]:
    """Where the messages stand that are of the runs, or have their trace's bytes in them."""
    traces = {run.trace_id for run in runs if run.trace_id}
    marks = [mark for trace in traces for mark in (_raw(trace), trace.encode()) if mark]
    with store.said("aside"):
        for batch in batches(table, ("topic", "partition", "offset", "trace_id", "message")):
            for row in batch.to_pylist():
                message = row["message"] or b""
                if row["trace_id"] in traces or any(mark in message for mark in marks):
                    yield row["topic"], row["partition"], row["offset"]


def _raw(trace_id: str) -> bytes:
    try:
        return bytes.fromhex(trace_id)
    except ValueError:
        return b""


def forget_history(store: DeltaStore, name: str) -> None:
    """Delete the files that the table has no more. Those that somebody is writing now are not among them."""
    try:
        table = store.open(name)
    except NoTable:
        return
    with store.said(name):
        says_nothing_of_people(table)
        table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)


def files_of_history(store: DeltaStore, name: str) -> list[str]:
    """The files that a table has no more and that are still there."""
    try:
        table = store.open(name)
    except NoTable:
        return []
    with store.said(name):
        gone = table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True)
        return [path for path in gone if store.has_file(name, path)]


def delete_rows(store: DeltaStore, name: str, predicate: str) -> None:
    """Delete the rows that are meant, however often somebody else commits before. Raises `WriteFailed` at last."""
    from deltalake.exceptions import CommitFailedError

    for tries in range(TRIES):
        table = store.open(name)
        try:
            with store.said(name):
                table.delete(predicate, writer_properties=packing())
                return
        except CommitFailedError as trouble:
            if tries == TRIES - 1:
                said = f"rows are not removed from {store.uri}/{name}: {first_sentence(trouble)}"
                raise WriteFailed(f"{said}; others write at every moment, and later it would work") from trouble
