"""What a record says of its run as a whole: what came of it, what ended it, what is missing, what it was begun with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from collectors.building.log import SaidOfRun
from collectors.spans.finished import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking.outcome import TELLING_TYPES, Outcome
from otel_tracking.record import ExecutionItem
from otel_tracking.run import execution_id_of
from otel_tracking.taxonomy import OUTPUT_TYPES, STAGE_NAMES, ItemType

STAGE_SPANS = frozenset({*STAGE_NAMES.values(), "stage"})
HEAD_FIELDS = frozenset(
    {
        *("config_name", "execution_mode", "safety_level", "used_seed", "metadata"),
        *("user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues"),
    }
)

Columns = Mapping[str, Sequence[Any]]


def said_by(span: FinishedSpan, said: Iterable[SaidOfRun]) -> tuple[dict[str, Any], int]:
    """The record's own fields, as a span gave them at the start and amended them later, and how many are lossy."""
    fields: dict[str, Any] = {}
    lossy = 0
    for one in said:
        if one.span_id == span.span_id:
            fields.update(one.fields if isinstance(one.fields, dict) else {})
            lossy += one.lossy
    return fields, lossy


def called(first: FinishedSpan, fields: Mapping[str, Any]) -> str:
    """The execution id of a run of which this is the root, or else the first span."""
    return str(fields.get("execution_id") or execution_id_of(first.trace_id, first.start_ns))


def head_fields(head: Mapping[str, Any], items: Columns) -> dict[str, Any]:
    """The fields of a record that a run says of itself; those that a record does not have are in its metadata."""
    known = {name: value for name, value in head.items() if name in HEAD_FIELDS}
    metadata = known.get("metadata", {})
    unknown = {name: value for name, value in head.items() if name not in HEAD_FIELDS and name != "execution_id"}
    known["metadata"] = {**metadata, "unknown_fields": unknown} if unknown and isinstance(metadata, dict) else metadata
    known["config_name"] = known.get("config_name", "unknown")
    known["used_seed"] = known["used_seed"] if "used_seed" in known else _seed_in(items)
    return known


def outcome_of(spans: Iterable[FinishedSpan], items: Columns) -> Outcome:
    """What came of the run."""
    outcome = Outcome()
    for item_type, stage, loop_iteration in zip(
        items["item_type"], items["stage"], items["loop_iteration"], strict=True
    ):
        if item_type in TELLING_TYPES:
            outcome.item(item_type, stage, loop_iteration)
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


def status_of(outcome: Outcome, root: FinishedSpan | None) -> str:
    """How the run ended."""
    return outcome.status(
        ended=root is not None and root.end_ns is not None,
        failed=root is not None and root.status == "error",
        cancelled=root is not None and root.attributes.get(names.CANCELLED) is True,
    )


def dropped(root: FinishedSpan | None, spans: Sequence[FinishedSpan], numbers: Sequence[int]) -> int:
    """How many items and spans are known to exist and are not here, with what the SDK says it dropped."""
    highest = numbers[-1] if numbers else 0
    missing_items = max(highest, count_on(root, names.ITEM_COUNT) or 0) - len(numbers)
    missing_spans = (count_on(root, names.SPAN_COUNT) or 0) - len(spans)
    return max(0, missing_items) + max(0, missing_spans) + sum(span.dropped for span in spans)


def count_on(root: FinishedSpan | None, name: str) -> int | None:
    """What the root counts under that name; None where it says none that can be."""
    count = root.attributes.get(name) if root else None
    return count if type(count) is int and 0 <= count < 2**63 else None


def error_of(items: Columns) -> dict[str, Any] | None:
    """What ended the run early, with its place; None where nothing did."""
    places = [place for place, item_type in enumerate(items["item_type"]) if item_type == ItemType.PIPELINE_ERROR]
    if not places:
        return None
    last = {name: values[places[-1]] for name, values in items.items()}
    details = last["metadata"] if isinstance(last["metadata"], dict) else {}
    return {
        "error_type": details.get("error_type"),
        "error_message": last["content"],
        **{name: last[name] for name in ("stage", "stage_iteration", "loop_iteration")},
    }


def seed_of(items: Iterable[ExecutionItem]) -> Any:
    """The seed of the first output that says one."""
    return _first_seed((item.item_type, item.metadata) for item in items)


def _seed_in(items: Columns) -> Any:
    return _first_seed(zip(items["item_type"], items["metadata"], strict=True))


def _first_seed(items: Iterable[tuple[str, Any]]) -> Any:
    for item_type, metadata in items:
        if item_type in OUTPUT_TYPES and isinstance(metadata, dict):
            seed = metadata.get("used_seed", metadata.get("seed"))
            if seed is not None:
                return seed
    return None
