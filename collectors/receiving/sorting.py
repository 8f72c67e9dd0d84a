"""Sort what a request brings: spans of our runs, spans that are none, and those that are not for us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from collectors.receiving.trace_id import TraceId
from collectors.spans.batches import Batch, OddSpan
from collectors.spans.finished import FinishedSpan
from collectors.viewers.settings import VIEWER
from otel_tracking import attributes as names
from otel_tracking.tracker import INSTRUMENTATION_NAME

REDUCED = "were reduced for viewers; their sender needs otlp_content=full"
NOT_OURS = "belong to no execution"


@dataclass(frozen=True, slots=True)
class Sorted:
    """Spans of ours by trace, what stood in the place of some, and how many are not taken, by reason."""

    ours: dict[TraceId, list[FinishedSpan]] = field(default_factory=dict)
    odd: list[OddSpan] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def span_count(self) -> int:
        """How many spans are ours."""
        return sum(map(len, self.ours.values()))

    def of(self, trace_id: int) -> Sorted:
        """What of it is of one trace."""
        ours = {known: spans for known, spans in self.ours.items() if known == trace_id}
        return Sorted(ours, [odd for odd in self.odd if odd.trace_id == trace_id], self.rejected)

    def without(self, traces: Collection[int]) -> Sorted:
        """What of it is of other traces than these."""
        ours = {known: spans for known, spans in self.ours.items() if known not in traces}
        gone = Counter(odd.reason for odd in self.odd if odd.trace_id in traces)
        return Sorted(ours, [odd for odd in self.odd if odd.trace_id not in traces], self.rejected - gone)


def sort(batches: Iterable[Batch], knows: Callable[[TraceId], bool]) -> Sorted:
    """The spans of a request, sorted; `knows` says whether spans of a trace have come before."""
    found = Sorted()
    others: list[FinishedSpan] = []
    odd_others: list[OddSpan] = []
    for batch in batches:
        if batch.resource.get(names.OTLP_CONTENT) == VIEWER:
            found.rejected[REDUCED] += len(batch.spans) + len(batch.odd)
            continue
        is_ours = batch.scope == INSTRUMENTATION_NAME
        # Those of one trace mostly come together, and its hash is dear.
        for trace_id, of_trace in groupby(batch.spans, attrgetter("trace_id")):
            spans = list(of_trace)
            ours = spans if is_ours else [span for span in spans if _says_so(span)]
            if ours:
                found.ours.setdefault(TraceId(trace_id), []).extend(ours)
            if len(ours) < len(spans):
                others += (span for span in spans if not _says_so(span))
        (found.odd if is_ours else odd_others).extend(batch.odd)
    _sort_others(found, others, odd_others, knows)
    return found


def _says_so(span: FinishedSpan) -> bool:
    """Whether a span of another instrumentation is one of ours."""
    return bool(span.events) or any(name.startswith(names.PREFIX) for name in span.attributes)


def _sort_others(
    found: Sorted, others: Iterable[FinishedSpan], odd: Iterable[OddSpan], knows: Callable[[TraceId], bool]
) -> None:
    """Other instrumentation may have made spans in our runs."""
    unclear: list[FinishedSpan | OddSpan] = [*others, *odd]
    for one in unclear:
        trace_id = TraceId(one.trace_id)
        if trace_id not in found.ours and not knows(trace_id):
            found.rejected[NOT_OURS] += 1
        elif isinstance(one, FinishedSpan):
            found.ours.setdefault(trace_id, []).append(one)
        else:
            found.odd.append(one)
    for one in found.odd:
        found.rejected[one.reason] += 1
