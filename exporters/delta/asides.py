"""List what a table holds beside records: messages that could not be taken, and runs that did not end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from exporters.delta.queries import batches, rows
from exporters.delta.reading import known_runs
from exporters.delta.tables import DeltaStore
from exporters.errors import NoTable

NOT_ENDED = "has not ended"
_PLACE = ["trace_id", "reason", "topic", "partition", "offset"]


class Beside(NamedTuple):
    """What is set aside: whose run, why, where it came from, and how many bytes; `date` where a run did not end."""

    trace_id: str | None
    reason: str
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    bytes: int | None = None
    date: str | None = None


def set_aside(store: DeltaStore) -> list[Beside]:
    """The messages that are set aside, in their order; one that is there twice after a death is listed once."""
    try:
        table = store.open("aside")
    except NoTable:
        return []
    with store.said("aside"):
        found = {one for batch in batches(table, [*_PLACE, "message"]) for one in _besides(batch)}
    return sorted(found, key=lambda one: (one.topic or "", one.partition or 0, one.offset or 0, one.trace_id or ""))


def _besides(batch: pa.RecordBatch) -> Iterator[Beside]:
    lengths = pc.binary_length(batch["message"]).to_pylist()
    for row, length in zip(batch.select(_PLACE).to_pylist(), lengths, strict=True):
        yield Beside(**row, bytes=length)


def not_ended(store: DeltaStore) -> list[Beside]:
    """The runs that were let go of before they had ended, and have not become records since."""
    return sorted(_not_ended(store), key=lambda one: (one.date or "", one.trace_id or ""))


def _not_ended(store: DeltaStore) -> Iterator[Beside]:
    try:
        spilled = store.below("spill").open("executions")
    except NoTable:
        return
    with store.said("spill/executions"):
        runs = known_runs(spilled, None)
    executions = store.open("executions")
    with store.said("executions"):
        named = pa.array(list(runs), pa.string())
        stored = rows(executions, ["trace_id"], mask=lambda batch: pc.is_in(batch["trace_id"], named))
    ended = set(stored["trace_id"].to_pylist())
    yield from (Beside(trace_id, NOT_ENDED, date=run.day) for trace_id, run in runs.items() if trace_id not in ended)
