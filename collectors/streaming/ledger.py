"""What a place has to be able to do that keeps records and, in the same commit, how far a stream was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from otel_tracking.columns import RecordColumns
from otel_tracking.record import ExecutionRecord

Form = TypeVar("Form")


class AsideMessage(NamedTuple):
    """A message that is set aside, or what one has of a trace: where it stands, whose it is, why, and the bytes."""

    partition: int
    offset: int
    trace_id: str | None
    reason: str
    message: bytes


class Ledger(Protocol[Form]):
    """Records, and the positions of a topic's partitions, in one place. Each may raise where that cannot be reached."""

    def open(self, partitions: Sequence[int]) -> Mapping[int, int | None]:
        """The committed position of each, None where there is none; commits of others are noticed from now on."""

    def let_go(self, partitions: Sequence[int]) -> None:
        """Commit no more for these."""

    def prepare_columns(self, columns: RecordColumns) -> Form:
        """What `commit` wants of a record."""

    def fits(self, form: Form) -> bool:
        """Whether `commit` can ever keep this. Asked where a commit has failed."""

    def commit(
        self, records: Sequence[Form], positions: Mapping[int, int], asides: Sequence[AsideMessage]
    ) -> frozenset[int]:
        """Keep records and positions: all of it, or nothing and the partitions that others have committed meanwhile."""

    def stored(self, traces: Mapping[str, Iterable[str]]) -> Sequence[ExecutionRecord]:
        """The records that are stored of these traces, given with the days that their runs may be under."""

    def spill(self, records: Sequence[ExecutionRecord]) -> None:
        """Keep what there is so far of runs that did not end."""

    def spilled(self, trace_ids: Iterable[str]) -> Sequence[ExecutionRecord]:
        """What was kept of runs that had not ended."""
