"""Say what went in and came out of each span, under the names that viewers of GenAI traces look for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from otel_tracking import attributes as names
from otel_tracking.capture.names import INPUT_MIME_TYPE, INPUT_VALUE, OUTPUT_MIME_TYPE, OUTPUT_VALUE
from otel_tracking.taxonomy import STAGE_NAMES, ItemType

_SPAN_KINDS = {
    **dict.fromkeys((names.ITERATION_SPAN, names.OUTPUT_SPAN, *STAGE_NAMES.values()), "CHAIN"),
    **{STAGE_NAMES[number]: "GUARDRAIL" for number in (1, 3)},
}
_ROLES = {INPUT_VALUE: (names.GEN_AI_INPUT_MESSAGES, "user"), OUTPUT_VALUE: (names.GEN_AI_OUTPUT_MESSAGES, "assistant")}
_TYPES = {INPUT_VALUE: INPUT_MIME_TYPE, OUTPUT_VALUE: OUTPUT_MIME_TYPE}

_IN_AND_OUT = {
    ItemType.USER_INPUT_TEXT: INPUT_VALUE,
    ItemType.INTERCEPTION_ITERATION: OUTPUT_VALUE,
    ItemType.INTERCEPTION_FINAL: OUTPUT_VALUE,
    ItemType.TRANSLATION_RESULT: OUTPUT_VALUE,
}
_OF_THE_RUN = {ItemType.USER_INPUT_TEXT, ItemType.INTERCEPTION_FINAL}


def texts_of_spans(
    spans: Sequence[ReadableSpan], fields_of_spans: Iterable[Iterable[Mapping[str, Any]]]
) -> dict[int, dict[str, Any]]:
    """Attributes to add to each span, by its id, from the fields of its items; what it says itself goes first."""
    found: dict[int, dict[str, Any]] = {}
    root_id = next((_id(span) for span in spans if span.parent is None), 0)
    for span, of_span in zip(spans, fields_of_spans, strict=True):
        own = found.setdefault(_id(span), {})
        if span.name in _SPAN_KINDS:
            own[names.OPENINFERENCE_SPAN_KIND] = _SPAN_KINDS[span.name]
        for fields in of_span:
            _take_item(fields, own, found.setdefault(root_id, {}))
            _take_attempt(fields, found)
    return found


def _take_item(fields: Mapping[str, Any], own: dict[str, Any], root: dict[str, Any]) -> None:
    """What an item says of the span it is on, and of the run."""
    name = _IN_AND_OUT.get(fields.get("item_type", ""))
    if name is None:
        return
    _add(own, name, fields.get("content"))
    _add(own, INPUT_VALUE, fields.get("input_text"))
    if fields["item_type"] in _OF_THE_RUN:
        _add(root, name, fields.get("content"))


def _take_attempt(fields: Mapping[str, Any], found: dict[int, dict[str, Any]]) -> None:
    """What an item says of the backend call it came from."""
    attempt = _span_id(fields.get("attempt"))
    if attempt is None:
        return
    call = found.setdefault(attempt, {})
    if fields.get("item_type") == ItemType.OUTPUT_IMAGE:
        call[names.GEN_AI_OUTPUT_TYPE] = "image"
    for name, text in ((INPUT_VALUE, fields.get("input_text")), (OUTPUT_VALUE, fields.get("content"))):
        if isinstance(text, str):
            _add(call, name, text)
            messages, role = _ROLES[name]
            call[messages] = _message(role, text)


def _add(attributes: dict[str, Any], name: str, text: Any) -> None:
    if isinstance(text, str):
        attributes[name], attributes[_TYPES[name]] = names.viewer_text(text), "text/plain"


def _message(role: str, text: str) -> str:
    parts = [{"type": "text", "content": names.viewer_text(text)}]
    return json.dumps([{"role": role, "parts": parts}], ensure_ascii=False)


def _span_id(text: Any) -> int | None:
    try:
        return int(text, 16)
    except (TypeError, ValueError):
        return None


def _id(span: ReadableSpan) -> int:
    return span.context.span_id if span.context else 0
