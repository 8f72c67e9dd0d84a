"""List what a table holds beside records: messages that could not be taken, and runs that did not end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from exporters.delta.reading import known_runs, scanned
from exporters.delta.tables import DeltaStore
from exporters.errors import NoTable

NOT_ENDED = "has not ended"


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
        rows = table.to_pyarrow_dataset().to_table(
            columns={
                **{name: pc.field(name) for name in ("trace_id", "reason", "topic", "partition", "offset")},
                "bytes": pc.binary_length(pc.field("message")),
            }
        )
    found = {Beside(**row) for row in rows.to_pylist()}
    return sorted(found, key=lambda one: (one.topic or "", one.partition or 0, one.offset or 0, one.trace_id or ""))


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
        rows = scanned(executions, ["trace_id"], lambda rows: pc.is_in(rows["trace_id"], named))
    ended = set(rows["trace_id"].to_pylist())
    yield from (Beside(trace_id, NOT_ENDED, date=run.day) for trace_id, run in runs.items() if trace_id not in ended)
