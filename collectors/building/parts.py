"""A span as a record keeps it: its fields by name, with what was said of it, and without those that nobody has said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collectors.building.not_passed import not_passed
from collectors.spans.finished import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking.record import timestamp_of
from otel_tracking.values.plain import plain_number

_PLACES = {names.STAGE: "stage", names.STAGE_ITERATION: "stage_iteration", names.LOOP_ITERATION: "loop_iteration"}
_USED = {names.CONFIG_USED: "config_used", names.BACKEND_USED: "backend_used", names.MODEL_USED: "model_used"}
_TOLD = frozenset({*_PLACES, *_USED, names.ERROR_TYPE})
_CALL_FACTS = ("configured", "passed", "response")


def fields_of_span(span: FinishedSpan, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the record of a span, with the facts that were said of it."""
    _, span_id, parent_id, name, kind, start_ns, end_ns, status, _, attributes, _, _, _ = span
    fields: dict[str, Any] = {
        "span_id": f"{span_id:016x}",
        "parent_span_id": None if parent_id is None else f"{parent_id:016x}",
        "name": name,
        "kind": kind,
        "timestamp": timestamp_of(start_ns),
        "status": status,
        "not_passed": (),
    }
    if end_ns is not None:
        fields["execution_time"] = (end_ns - start_ns) / 1e9
    if not _TOLD.isdisjoint(attributes):
        _add_attributes(fields, span)
    if facts:
        _add_facts(fields, facts)
    return fields


def seconds_of(span: FinishedSpan) -> float | None:
    """How long a span took; None where it has not ended."""
    return None if span.end_ns is None else (span.end_ns - span.start_ns) / 1e9


def _add_attributes(fields: dict[str, Any], span: FinishedSpan) -> None:
    for name, value in span.attributes.items():
        if value is None:
            continue
        if name in _PLACES:
            fields[_PLACES[name]] = plain_number(value)
        elif name in _USED:
            fields[_USED[name]] = value
        elif name == names.ERROR_TYPE and value:
            fields["error"] = {"error_type": value, "error_message": span.status_description}


def _add_facts(fields: dict[str, Any], facts: Mapping[str, Any]) -> None:
    fields["not_passed"] = not_passed(facts)
    fields |= {name: value for name in _CALL_FACTS if (value := facts.get(name)) is not None}
    if others := {name: value for name, value in facts.items() if name not in _CALL_FACTS}:
        fields["facts"] = others
