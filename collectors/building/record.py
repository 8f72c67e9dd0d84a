"""Build the record of one execution from its spans: all at once when it is over, or bit by bit while it goes on.

What is built are its columns; the record is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter
from typing import Any

from collectors.building.head import called, dropped, error_of, head_fields, outcome_of, said_by, status_of
from collectors.building.items import ItemsSoFar
from collectors.building.log import LogSoFar, SaidOfRun, SomeEvent
from collectors.building.parts import fields_of_span, seconds_of
from collectors.building.rows import Fact, Row
from collectors.spans.event import FinishedEvent
from collectors.spans.finished import FinishedSpan, without_events
from collectors.spans.recorded import SpanData
from collectors.spans.secrets import without_secrets
from otel_tracking import attributes as names
from otel_tracking.columns import RecordColumns
from otel_tracking.outcome import RUNNING
from otel_tracking.record import ExecutionRecord, FinishReason, SpanRecord, timestamp_of
from otel_tracking.run import EXECUTION_FACT
from otel_tracking.values.plain_json import is_plain

_in_which_they_began = attrgetter("start_ns", "span_id")


def build_record(
    spans: Iterable[FinishedSpan],
    *,
    finish_reason: FinishReason = FinishReason.ROOT_ENDED,
    revision: int = 1,
    late_spans: int = 0,
) -> ExecutionRecord:
    """The record of the execution that these spans, in any order, belong to. Raises ValueError where there are none."""
    return build_columns(spans, finish_reason=finish_reason, revision=revision, late_spans=late_spans).record()


def build_columns(
    spans: Iterable[FinishedSpan],
    *,
    finish_reason: FinishReason = FinishReason.ROOT_ENDED,
    revision: int = 1,
    late_spans: int = 0,
) -> RecordColumns:
    """The same as columns."""
    run = _run_of([(span, span.events) for span in sorted(spans, key=_in_which_they_began)])
    return run.columns(finish_reason=finish_reason, revision=revision, late_spans=late_spans)


def columns_of_recorded(
    spans: Iterable[SpanData], *, finish_reason: FinishReason, revision: int, late_spans: int
) -> RecordColumns:
    """The columns of a run of this process, straight from its frames."""
    run = _run_of(recorded_in_order(spans))
    return run.columns(finish_reason=finish_reason, revision=revision, late_spans=late_spans)


def recorded_in_order(spans: Iterable[SpanData]) -> list[tuple[FinishedSpan, Sequence[SomeEvent]]]:
    """Spans of this process in the order in which they began, each with its events apart."""
    return [(without_events(span), tuple(span.events)) for span in sorted(spans, key=_in_which_they_began)]


def _run_of(spans: Sequence[tuple[FinishedSpan, Sequence[SomeEvent]]]) -> RecordSoFar:
    """The run of spans in the order in which they began, each with its events."""
    run = RecordSoFar()
    fill(run, spans)
    return run


def fill(run: RecordSoFar, spans: Sequence[tuple[FinishedSpan, Sequence[SomeEvent]]]) -> None:
    """Take in spans in the order in which they began, each with its events."""
    clean = without_secrets([span for span, _ in spans])
    for span, (_, events) in zip(clean, spans, strict=True):
        run.begin(span)
        run.log_all(span.span_id, events)


class RecordSoFar:
    """The spans, items and facts of one execution as they come, and the record of them at any time.

    Spans come in the order in which they began, before their items and facts. What has been built is kept, so that the
    next record costs little more than what came since. For one thread at a time.
    """

    def __init__(self, log: LogSoFar | None = None, items: ItemsSoFar | None = None) -> None:
        """`log` and `items` may be others, which keep less (`pieces.py`)."""
        self._spans: list[_SpanSoFar] = []
        self._by_id: dict[int, _SpanSoFar] = {}
        self._facts: dict[int, dict[str, Any]] = {}
        self._log = log or LogSoFar()
        self._said: list[SaidOfRun] = []
        self._items = items or ItemsSoFar()
        self._lossy_facts = 0
        self._is_plain = True

    def begin(self, span: FinishedSpan) -> None:
        """A span is there: it began, or is over already."""
        self._spans.append(_SpanSoFar(span))
        self._by_id[span.span_id] = self._spans[-1]

    def end(self, span: FinishedSpan) -> None:
        """A span that began is over, and this is what it is now."""
        self._by_id[span.span_id].set(span)

    def log(self, span_id: int, event: FinishedEvent) -> None:
        """An item, or a fact of a span; of one that is late for another it belongs to that other."""
        self.log_all(span_id, (event,))

    def log_all(self, span_id: int, events: Sequence[SomeEvent]) -> None:
        """All that there is of a span, in order."""
        if not events:
            return
        span = self.span(span_id)
        if span is not None and span.name == names.LATE_SPAN and span.parent_id is not None:
            span_id = span.parent_id or span_id
        self._log.add(span_id, events)

    def span(self, span_id: int) -> FinishedSpan | None:
        """A span that has begun."""
        return self._by_id[span_id].span if span_id in self._by_id else None

    def record(
        self,
        *,
        is_over: bool = True,
        finish_reason: FinishReason = FinishReason.ROOT_ENDED,
        said: Mapping[str, Any] | None = None,
    ) -> ExecutionRecord:
        """The record of what there is; one of a run that is not over has the status `running`.

        `said` are fields of the record that are known before the run has said them. Raises ValueError where no span is
        there.
        """
        head = self._head(said or {}, is_over=is_over, finish_reason=finish_reason)
        spans = tuple(one.record(self._facts_of(one)) for one in self._spans)
        return replace(head, items=self._items.built(), spans=spans)

    def columns(self, *, finish_reason: FinishReason, revision: int, late_spans: int) -> RecordColumns:
        """The columns of what there is, of a run that is over. Raises ValueError where no span is there."""
        head = self._head({}, finish_reason=finish_reason, revision=revision, late_spans=late_spans)
        spans = [one.fields(self._facts_of(one)) for one in self._spans]
        return RecordColumns(head, self._items.columns, spans, self._is_plain and self._are_spans_plain())

    def _head(self, said: Mapping[str, Any], *, is_over: bool = True, **ending: Any) -> ExecutionRecord:
        if not self._spans:
            raise ValueError("a record needs at least one span; none came")
        spans = [one.span for one in self._spans]
        root = next((span for span in spans if span.parent_id is None), None)
        first = root or spans[0]
        rows = self._take_new()
        fields, lossy_head = said_by(first, self._said)
        head = {**said, **fields}
        execution_id = called(first, head)
        items = self._items.take(rows, execution_id)
        outcome = outcome_of(spans, items)
        return ExecutionRecord(
            execution_id=execution_id,
            trace_id=f"{first.trace_id:032x}",
            timestamp=timestamp_of(first.start_ns),
            total_execution_time=seconds_of(root) if root else None,
            status=status_of(outcome, root) if is_over else RUNNING,
            error=error_of(items),
            outputs_generated=outcome.outputs_generated,
            stages_completed=outcome.stages_completed,
            links=root.links if root else (),
            span_count=len(spans),
            item_count=len(items["sequence_number"]),
            dropped=dropped(root, spans, items["sequence_number"]),
            lossy_values=self._items.lossy + self._lossy_facts + lossy_head,
            attachments=self._log.attachments,
            **ending,
            **head_fields(head, items),
        )

    def _take_new(self) -> list[Row]:
        """The items among what came since the last record; facts are put where they belong."""
        new = self._log.take()
        self._is_plain &= new.is_plain
        self._said += new.said
        for fact in new.facts:
            if fact.name != EXECUTION_FACT:
                self._take_fact(fact)
        return new.rows

    def _take_fact(self, fact: Fact) -> None:
        self._facts.setdefault(fact.span_id, {})[fact.name] = fact.value
        self._lossy_facts += fact.lossy
        if fact.span_id in self._by_id:
            self._by_id[fact.span_id].built = None

    def _facts_of(self, span: _SpanSoFar) -> Mapping[str, Any]:
        return self._facts.get(span.span.span_id, {})

    def _are_spans_plain(self) -> bool:
        """Whether JSON can say what spans say of themselves as it is."""
        spans = [one.span for one in self._spans]
        values = list(chain.from_iterable(span.attributes.values() for span in spans))
        return is_plain([values, *(span.links for span in spans if span.links)])


@dataclass(slots=True)
class _SpanSoFar:
    """A span, and how a record keeps it where that is known."""

    span: FinishedSpan
    built: SpanRecord | None = field(default=None)

    def set(self, span: FinishedSpan) -> None:
        self.span, self.built = span, None

    def fields(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        return fields_of_span(self.span, facts)

    def record(self, facts: Mapping[str, Any]) -> SpanRecord:
        self.built = self.built or SpanRecord(**self.fields(facts))
        return self.built
