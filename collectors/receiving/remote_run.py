"""What has come of a run from elsewhere so far, and whether that is all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from collectors.building.head import count_on
from collectors.receiving.spool import InSpool
from collectors.receiving.trace_id import TraceId
from collectors.spans.finished import FinishedSpan
from otel_tracking import attributes as names


class Root(NamedTuple):
    """What a run's root says: how many spans and items there are, None where it does not say.

    `due_ns` is the time of the spans at which what is missing is waited for no longer.
    """

    span_id: int
    span_count: int | None
    item_count: int | None
    due_ns: int = 0


@dataclass(slots=True)
class RemoteRun:
    """The spans of one trace that have come, and who sent them; `sender` is None where that is not known any more.

    `touched` and `touched_ns` are when something came last, by the clock and in the time of the spans of all runs.
    `is_fixed` says that nothing can be added: what is stored could not be read back as it is.
    """

    trace_id: TraceId
    touched: float = 0.0
    touched_ns: int = 0
    sender: str | None = ""
    is_fixed: bool = False
    size: int = 0
    newest_ns: int = 0
    revision: int = 0
    late_spans: int = 0
    root: Root | None = None
    spans: dict[int, FinishedSpan] = field(default_factory=dict)
    counted_spans: int = 0
    numbers: set[int] = field(default_factory=set)
    places: list[InSpool] = field(default_factory=list)

    def add(self, spans: Sequence[FinishedSpan]) -> None:
        """Take spans."""
        for span in spans:
            self.spans[span.span_id] = span
            self.newest_ns = max(self.newest_ns, span.end_ns or span.start_ns)
            # What comes late has a span of its own, which the root does not count.
            self.counted_spans += span.name != names.LATE_SPAN
            if span.parent_id is None:
                self.root = Root(span.span_id, count_on(span, names.SPAN_COUNT), count_on(span, names.ITEM_COUNT))
        numbers = [event.number for span in spans for event in span.events]
        self.numbers.update(number for number in numbers if number is not None)

    def due(self, at_ns: int) -> None:
        """Wait for what is missing until then, its root having come."""
        if self.root is not None:
            self.root = self.root._replace(due_ns=at_ns)

    @property
    def is_whole(self) -> bool:
        """Whether everything that the root knows of is here."""
        spans, items = (self.root.span_count, self.root.item_count) if self.root else (None, None)
        if spans is None or items is None or self.counted_spans < spans:
            return False
        return len(self.numbers) >= items and self.numbers.issuperset(range(1, items + 1))
