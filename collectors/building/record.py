"""Build the record of one execution from its spans: all at once when it is over, or bit by bit while it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from collectors.building.parts import ItemsSoFar, SpanEvent, build_span, seconds_of, settle
from collectors.spans.finished import FinishedEvent, FinishedSpan
from collectors.spans.secrets import without_secrets
from otel_tracking import attributes as names
from otel_tracking.outcome import RUNNING, Outcome
from otel_tracking.record import ExecutionItem, ExecutionRecord, FinishReason, SpanRecord, timestamp_of
from otel_tracking.run import EXECUTION_FACT, execution_id_of
from otel_tracking.taxonomy import OUTPUT_TYPES, STAGE_NAMES, ItemType

STAGE_SPANS = frozenset({*STAGE_NAMES.values(), "stage"})
HEAD_FIELDS = frozenset(
    {
        *("config_name", "execution_mode", "safety_level", "used_seed", "metadata"),
        *("user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues"),
    }
)


def build_record(
    spans: Iterable[FinishedSpan],
    *,
    finish_reason: FinishReason = FinishReason.ROOT_ENDED,
    revision: int = 1,
    late_spans: int = 0,
) -> ExecutionRecord:
    """The record of the execution that these spans, in any order, belong to. Raises ValueError where there are none."""
    run = RecordSoFar()
    for span in sorted(map(without_secrets, spans), key=lambda span: (span.start_ns, span.span_id)):
        run.begin(span)
        for event in span.events:
            run.log(span.span_id, event)
    return run.record(finish_reason=finish_reason, revision=revision, late_spans=late_spans)


class RecordSoFar:
    """The spans, items and facts of one execution as they come, and the record of them at any time.

    Spans come in the order in which they began, before their items and facts. What has been built is kept, so that the
    next record costs little more than what came since. For one thread at a time.
    """

    def __init__(self) -> None:
        self._spans: list[_SpanSoFar] = []
        self._by_id: dict[int, _SpanSoFar] = {}
        self._facts: dict[int, dict[str, Any]] = {}
        self._new: list[SpanEvent] = []
        self._head: list[SpanEvent] = []
        self._items = ItemsSoFar()
        self._lossy_facts = 0
        self._attachments: dict[str, bytes] = {}

    def begin(self, span: FinishedSpan) -> None:
        """A span is there: it began, or is over already."""
        self._spans.append(_SpanSoFar(span))
        self._by_id[span.span_id] = self._spans[-1]

    def end(self, span: FinishedSpan) -> None:
        """A span that began is over, and this is what it is now."""
        self._by_id[span.span_id].set(span)

    def log(self, span_id: int, event: FinishedEvent) -> None:
        """An item, or a fact of a span; of one that is late for another it belongs to that other."""
        span = self._by_id[span_id].span if span_id in self._by_id else None
        if span is not None and span.name == names.LATE_SPAN and span.parent_id is not None:
            span_id = span.parent_id or span_id
        self._new.append(SpanEvent(span_id, event.fields, event.media))

    def span(self, span_id: int) -> FinishedSpan | None:
        """A span that has begun."""
        return self._by_id[span_id].span if span_id in self._by_id else None

    def record(
        self,
        *,
        is_over: bool = True,
        finish_reason: FinishReason = FinishReason.ROOT_ENDED,
        revision: int = 1,
        late_spans: int = 0,
        said: Mapping[str, Any] | None = None,
    ) -> ExecutionRecord:
        """The record of what there is; one of a run that is not over has the status `running`.

        `said` are fields of the record that are known before the run has said them. Raises ValueError where no span is
        there.
        """
        if not self._spans:
            raise ValueError("a record needs at least one span; none came")
        spans = [one.span for one in self._spans]
        root = next((span for span in spans if span.parent_id is None), None)
        first = root or spans[0]
        new_items = self._take_new()
        head, lossy_head = self._read_head(first, said or {})
        execution_id = str(head.get("execution_id") or execution_id_of(first.trace_id, first.start_ns))
        items = self._items.take(new_items, execution_id)
        outcome = _outcome_of(spans, items)
        known = {name: value for name, value in head.items() if name in HEAD_FIELDS}
        known["used_seed"] = known.get("used_seed", seed_of(items))
        known["config_name"] = known.get("config_name", "unknown")
        known["metadata"] = _with_unknown(known.get("metadata", {}), head)
        return ExecutionRecord(
            execution_id=execution_id,
            trace_id=f"{first.trace_id:032x}",
            timestamp=timestamp_of(first.start_ns),
            total_execution_time=seconds_of(root) if root else None,
            status=_status_of(outcome, root) if is_over else RUNNING,
            finish_reason=finish_reason,
            error=_error_of(items),
            outputs_generated=outcome.outputs_generated,
            stages_completed=outcome.stages_completed,
            items=items,
            spans=tuple(one.record(self._facts.get(one.span.span_id, {})) for one in self._spans),
            links=root.links if root else (),
            span_count=len(spans),
            item_count=len(items),
            dropped=_dropped(root, spans, items),
            lossy_values=self._items.lossy + self._lossy_facts + lossy_head,
            late_spans=late_spans,
            revision=revision,
            attachments=self._attachments,
            **known,
        )

    def _take_new(self) -> list[SpanEvent]:
        """The items among what came since the last record; facts and media are put where they belong."""
        events, self._new = settle(self._new), []
        items = []
        for event in events:
            if event.media is not None:
                self._attachments[event.fields["media"]["sha256"]] = event.media
            if event.is_item:
                items.append(event)
                if event.fields.get("item_type") == ItemType.PIPELINE_START and event.fields["sequence_number"] == 1:
                    self._head.append(event)
            elif event.fields["fact"] == EXECUTION_FACT:
                self._head.append(event)
            else:
                self._take_fact(event)
        return items

    def _take_fact(self, event: SpanEvent) -> None:
        self._facts.setdefault(event.span_id, {})[event.fields["fact"]] = event.fields.get("value")
        self._lossy_facts += event.lossy
        if event.span_id in self._by_id:
            self._by_id[event.span_id].built = None

    def _read_head(self, first: FinishedSpan, said: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """The record's own fields, as given at the start and amended later, and how many of them are lossy."""
        head, lossy = dict(said), 0
        for event in self._head:
            if event.span_id != first.span_id:
                continue
            if not event.is_item:
                lossy += event.lossy  # what is lossy in an item is counted with the items
            value = event.fields.get("metadata" if event.is_item else "value")
            head.update(value if isinstance(value, dict) else {})
        return head, lossy


@dataclass(slots=True)
class _SpanSoFar:
    """A span, and how a record keeps it where that is known."""

    span: FinishedSpan
    built: SpanRecord | None = field(default=None)

    def set(self, span: FinishedSpan) -> None:
        self.span, self.built = span, None

    def record(self, facts: Mapping[str, Any]) -> SpanRecord:
        self.built = self.built or build_span(self.span, facts)
        return self.built


def _outcome_of(spans: Iterable[FinishedSpan], items: Iterable[ExecutionItem]) -> Outcome:
    """What came of the run."""
    outcome = Outcome()
    for item in items:
        outcome.item(item.item_type, item.stage, item.loop_iteration)
    for span in spans:
        if span.end_ns is None:
            continue
        failed = names.ERROR_TYPE in span.attributes
        loop_iteration = span.attributes.get(names.LOOP_ITERATION)
        if span.name in STAGE_SPANS:
            outcome.stage_ended(span.attributes.get(names.STAGE, 0), loop_iteration, failed=failed)
        elif span.name == names.OUTPUT_SPAN:
            outcome.output_ended(loop_iteration, failed=failed)
    return outcome


def _status_of(outcome: Outcome, root: FinishedSpan | None) -> str:
    return outcome.status(
        ended=root is not None and root.end_ns is not None,
        failed=root is not None and root.status == "error",
        cancelled=root is not None and root.attributes.get(names.CANCELLED) is True,
    )


def _dropped(root: FinishedSpan | None, spans: list[FinishedSpan], items: tuple[ExecutionItem, ...]) -> int:
    """How many items and spans are known to exist and are not here, with what the SDK says it dropped."""
    highest = items[-1].sequence_number if items else 0
    missing_items = max(highest, count_on(root, names.ITEM_COUNT) or 0) - len(items)
    missing_spans = (count_on(root, names.SPAN_COUNT) or 0) - len(spans)
    return max(0, missing_items) + max(0, missing_spans) + sum(span.dropped for span in spans)


def count_on(root: FinishedSpan | None, name: str) -> int | None:
    """What the root counts under that name; None where it says none that can be."""
    count = root.attributes.get(name) if root else None
    return count if type(count) is int and 0 <= count < 2**63 else None


def _with_unknown(metadata: Any, head: Mapping[str, Any]) -> Any:
    """The run's metadata; amended fields that a record does not have are kept there."""
    unknown = {name: value for name, value in head.items() if name not in HEAD_FIELDS and name != "execution_id"}
    return {**metadata, "unknown_fields": unknown} if unknown and isinstance(metadata, dict) else metadata


def seed_of(items: Iterable[ExecutionItem]) -> Any:
    """The seed of the first output that says one."""
    for item in items:
        if item.item_type in OUTPUT_TYPES and isinstance(item.metadata, dict):
            seed = item.metadata.get("used_seed", item.metadata.get("seed"))
            if seed is not None:
                return seed
    return None


def _error_of(items: Iterable[ExecutionItem]) -> dict[str, Any] | None:
    """What ended the run early, with its place; None where nothing did."""
    errors = [item for item in items if item.item_type == ItemType.PIPELINE_ERROR]
    if not errors:
        return None
    last = errors[-1]
    details = last.metadata if isinstance(last.metadata, dict) else {}
    place = {"stage": last.stage, "stage_iteration": last.stage_iteration, "loop_iteration": last.loop_iteration}
    return {"error_type": details.get("error_type"), "error_message": last.content, **place}
