"""Build the record of one execution from its spans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from collectors.building.not_passed import not_passed
from collectors.spans.finished import FinishedSpan
from collectors.spans.secrets import without_secrets
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.frame import ITEM_FIELDS
from otel_tracking.outcome import Outcome
from otel_tracking.record import (
    ExecutionItem,
    ExecutionRecord,
    FinishReason,
    Media,
    SpanRecord,
    timestamp_of,
)
from otel_tracking.run import EXECUTION_FACT, execution_id_of
from otel_tracking.taxonomy import OUTPUT_TYPES, STAGE_NAMES, ItemType, read_item_type, read_media_type
from otel_tracking.values.plain import plain_number

_STAGE_SPANS = frozenset({*STAGE_NAMES.values(), "stage"})
HEAD_FIELDS = frozenset(
    {
        *("config_name", "execution_mode", "safety_level", "used_seed", "metadata"),
        *("user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues"),
    }
)
_CALL_FACTS = frozenset({"configured", "passed", "response"})
_ITEM_FIELDS = frozenset(ITEM_FIELDS) | {"timestamp"}
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "audio/wav": ".wav", "audio/mpeg": ".mp3", "video/mp4": ".mp4"}


def build_record(
    spans: Iterable[FinishedSpan],
    *,
    finish_reason: FinishReason = FinishReason.ROOT_ENDED,
    revision: int = 1,
    late_spans: int = 0,
) -> ExecutionRecord:
    """The record of the execution that these spans, in any order, belong to. Raises ValueError where there are none."""
    run = _RunOfSpans(spans)
    items, lossy_items = run.items()
    span_records, lossy_facts = run.span_records()
    head, lossy_head = run.head()
    outcome, root = run.outcome(items), run.root
    status = outcome.status(
        ended=root is not None and root.end_ns is not None,
        failed=root is not None and root.status == "error",
        cancelled=root is not None and root.attributes.get(names.CANCELLED) is True,
    )
    known = {name: value for name, value in head.items() if name in HEAD_FIELDS}
    known["used_seed"] = known.get("used_seed", seed_of(items))
    known["config_name"] = known.get("config_name", "unknown")
    known["metadata"] = _with_unknown(known.get("metadata", {}), head)
    return ExecutionRecord(
        execution_id=run.execution_id,
        trace_id=f"{run.first.trace_id:032x}",
        timestamp=timestamp_of(run.first.start_ns),
        total_execution_time=_seconds(root) if root else None,
        status=status,
        finish_reason=finish_reason,
        error=_error_of(items),
        outputs_generated=outcome.outputs_generated,
        stages_completed=outcome.stages_completed,
        items=items,
        spans=span_records,
        links=root.links if root else (),
        span_count=len(run.spans),
        item_count=len(items),
        dropped=run.dropped(items),
        lossy_values=lossy_items + lossy_facts + lossy_head,
        late_spans=late_spans,
        revision=revision,
        attachments=run.attachments(),
        **known,
    )


class _RunOfSpans:
    """The spans of one trace, sorted, with the events of late spans given back to the spans they are late for."""

    def __init__(self, spans: Iterable[FinishedSpan]) -> None:
        self.spans = sorted(map(without_secrets, spans), key=lambda span: (span.start_ns, span.span_id))
        if not self.spans:
            raise ValueError("a record needs at least one span; none came")
        roots = [span for span in self.spans if span.parent_id is None]
        self.root = roots[0] if roots else None
        self.first = self.root or self.spans[0]
        self._events = _settle(list(_events(self.spans)))
        self.execution_id = str(self.head()[0].get("execution_id") or self._made_up_id())

    def items(self) -> tuple[tuple[ExecutionItem, ...], int]:
        """The items in the order they were numbered, and how many of their values are lossy."""
        # By number and time: what two threads or two journals brought twice is there once. Sorted, not in a dict: who
        # chooses the numbers could choose them so that all have one hash.
        events = sorted((event for event in self._events if event.is_item), key=lambda event: _order(event.fields))
        ordered = [list(same)[-1] for _, same in groupby(events, key=lambda event: _order(event.fields))]
        files = _MediaFiles(self.execution_id)
        return tuple(_build_item(event, files) for event in ordered), sum(event.lossy for event in ordered)

    def span_records(self) -> tuple[tuple[SpanRecord, ...], int]:
        """The spans as the record keeps them, and how many of their values are lossy."""
        facts: dict[int, dict[str, Any]] = {span.span_id: {} for span in self.spans}
        lossy = 0
        for event in self._events:
            if not event.is_item and event.fields["fact"] != EXECUTION_FACT:
                facts.setdefault(event.span_id, {})[event.fields["fact"]] = event.fields.get("value")
                lossy += event.lossy
        return tuple(_build_span(span, facts[span.span_id]) for span in self.spans), lossy

    def head(self) -> tuple[dict[str, Any], int]:
        """The record's own fields, as given at the start and amended later, and how many of them are lossy."""
        head: dict[str, Any] = {}
        lossy = 0
        for event in self._events:
            fields = event.fields
            if event.span_id != self.first.span_id:
                continue
            if fields.get("fact") == EXECUTION_FACT:
                value, lossy = fields.get("value"), lossy + event.lossy
            elif fields.get("item_type") == ItemType.PIPELINE_START and fields["sequence_number"] == 1:
                value = fields.get("metadata")  # what is lossy in it is counted with the items
            else:
                continue
            head.update(value if isinstance(value, dict) else {})
        return head, lossy

    def outcome(self, items: Iterable[ExecutionItem]) -> Outcome:
        """What came of the run."""
        outcome = Outcome()
        for item in items:
            outcome.item(item.item_type, item.stage, item.loop_iteration)
        for span in self.spans:
            failed = names.ERROR_TYPE in span.attributes
            loop_iteration = span.attributes.get(names.LOOP_ITERATION)
            if span.end_ns is None:
                continue
            if span.name in _STAGE_SPANS:
                outcome.stage_ended(span.attributes.get(names.STAGE, 0), loop_iteration, failed=failed)
            elif span.name == names.OUTPUT_SPAN:
                outcome.output_ended(loop_iteration, failed=failed)
        return outcome

    def dropped(self, items: tuple[ExecutionItem, ...]) -> int:
        """How many items and spans are known to exist and are not here, with what the SDK says it dropped."""
        highest = max((item.sequence_number for item in items), default=0)
        missing_items = max(highest, count_on(self.root, names.ITEM_COUNT) or 0) - len(items)
        missing_spans = (count_on(self.root, names.SPAN_COUNT) or 0) - len(self.spans)
        return max(0, missing_items) + max(0, missing_spans) + sum(span.dropped for span in self.spans)

    def attachments(self) -> dict[str, bytes]:
        """Media bytes that are at hand, by sha256."""
        return {event.fields["media"]["sha256"]: event.media for event in self._events if event.media is not None}

    def _made_up_id(self) -> str:
        return execution_id_of(self.first.trace_id, self.first.start_ns)


def count_on(root: FinishedSpan | None, name: str) -> int | None:
    """What the root counts under that name; None where it says none that can be."""
    count = root.attributes.get(name) if root else None
    return count if type(count) is int and 0 <= count < 2**63 else None


class _Event(NamedTuple):
    """An item or a fact of a span, as it will be after a round trip, with its count of lossy values."""

    span_id: int
    fields: Mapping[str, Any]
    media: bytes | None
    lossy: int = 0

    @property
    def is_item(self) -> bool:
        return "fact" not in self.fields


def _events(spans: Iterable[FinishedSpan]) -> Iterator[_Event]:
    for span in spans:
        late = span.name == names.LATE_SPAN and span.parent_id is not None
        owner = span.parent_id if late else span.span_id
        for event in span.events:
            yield _Event(owner or span.span_id, event.fields, event.media)


def _settle(events: list[_Event]) -> list[_Event]:
    """The events settled. Nearly always all of them are, which one look tells."""
    if canonical.is_settled([event.fields for event in events]):
        return events
    # Each as a whole, as it was written: what is too deep is cut at the same place whoever brought it.
    settled = [canonical.settle(dict(event.fields)) for event in events]
    return [event._replace(fields=fields, lossy=lossy) for event, (fields, lossy) in zip(events, settled, strict=True)]


class _MediaFiles:
    """Names the file of each media item; equal bytes within one execution share a file, none is shared beyond."""

    def __init__(self, execution_id: str) -> None:
        self._execution_id = execution_id
        self._paths: dict[str, str] = {}

    def path(self, fields: Mapping[str, Any], media: Media) -> str | None:
        if media.sha256 is None:
            return None
        suffix = _SUFFIXES.get(media.type or "", ".bin")
        name = f"{fields['sequence_number']:03d}_{fields['item_type']}{suffix}".replace("/", "_")
        return self._paths.setdefault(media.sha256, f"media/{self._execution_id}/{name}")


def _order(fields: Mapping[str, Any]) -> tuple[int, int]:
    # To the microsecond, as a record has it: what was read back from one is no other item.
    return fields["sequence_number"], fields["timestamp_ns"] // 1000


def _build_item(event: _Event, files: _MediaFiles) -> ExecutionItem:
    known = dict(event.fields)
    known["timestamp"] = timestamp_of(known.pop("timestamp_ns"))
    known["item_type"] = read_item_type(known["item_type"])
    known["media_type"] = read_media_type(known["media_type"])
    described = known.pop("media", None)
    media = Media(*map(described.get, ("sha256", "bytes", "type"))) if isinstance(described, dict) else None
    if media and known.get("file_path") is None:
        known["file_path"] = files.path(event.fields, media)
    unknown = {name: known.pop(name) for name in known.keys() - _ITEM_FIELDS}
    if unknown:  # a later version's
        known["metadata"] = {**known.get("metadata", {}), "unknown_fields": unknown}
    return ExecutionItem(**known, media=media, span_id=f"{event.span_id:016x}")


def _build_span(span: FinishedSpan, facts: Mapping[str, Any]) -> SpanRecord:
    failed = span.attributes.get(names.ERROR_TYPE)
    return SpanRecord(
        span_id=f"{span.span_id:016x}",
        parent_span_id=None if span.parent_id is None else f"{span.parent_id:016x}",
        name=span.name,
        kind=span.kind,
        timestamp=timestamp_of(span.start_ns),
        execution_time=_seconds(span),
        status=span.status,
        error={"error_type": failed, "error_message": span.status_description} if failed else None,
        stage=plain_number(span.attributes.get(names.STAGE)),
        stage_iteration=plain_number(span.attributes.get(names.STAGE_ITERATION)),
        loop_iteration=plain_number(span.attributes.get(names.LOOP_ITERATION)),
        config_used=span.attributes.get(names.CONFIG_USED),
        backend_used=span.attributes.get(names.BACKEND_USED),
        model_used=span.attributes.get(names.MODEL_USED),
        configured=facts.get("configured"),
        passed=facts.get("passed"),
        not_passed=not_passed(facts),
        response=facts.get("response"),
        facts={name: value for name, value in facts.items() if name not in _CALL_FACTS} or None,
    )


def _with_unknown(metadata: Any, head: Mapping[str, Any]) -> Any:
    """The run's metadata; amended fields that a record does not have are kept there."""
    unknown = {name: value for name, value in head.items() if name not in HEAD_FIELDS and name != "execution_id"}
    return {**metadata, "unknown_fields": unknown} if unknown and isinstance(metadata, dict) else metadata


def _seconds(span: FinishedSpan) -> float | None:
    return None if span.end_ns is None else (span.end_ns - span.start_ns) / 1e9


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
