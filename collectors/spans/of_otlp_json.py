"""Read OTLP trace requests in JSON into finished spans, as forgiving as OTLP wants it.

`null` is a field that is not there, unknown fields are passed over, integers may be texts; ids are hex.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from collectors.spans.batches import KINDS, STATUSES, Batch, batch_of
from collectors.spans.event import event_of_attributes
from collectors.spans.finished import FinishedSpan, link_to_dict
from otel_tracking import attributes as names
from otel_tracking.errors import RecordError

_DIGITS = 20
"""More digits than a 64-bit number has are none."""

_DROPPED = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")


def batches_of_json(body: bytes | str) -> list[Batch]:
    """The spans with whose they are. Raises `RecordError` for text that is no request at all."""
    try:
        request = json.loads(body, parse_int=read_digits)
        return [
            batch_of(_read_attributes_of_resource(group), _read_scope(scope), _listed(scope, "spans"), _span, _trace_id)
            for group in _listed(request, "resourceSpans")
            for scope in _listed(group, "scopeSpans")
        ]
    except (ValueError, TypeError, RecursionError) as trouble:
        raise RecordError(f"{len(body)} characters are not an OTLP trace request in JSON") from trouble


def read_digits(text: str) -> int | str:
    """The number; where it is longer than any that is meant, its text, which is none."""
    return int(text) if len(text) <= _DIGITS else text


def _listed(owner: Any, name: str) -> list[Any]:
    """The list of that name, or an empty one where there is none. Raises `TypeError` where something else stands."""
    found = _checked(owner, dict).get(name)
    return [] if found is None else _checked(found, list)


def _part(owner: Any, name: str) -> dict[str, Any]:
    found = _checked(owner, dict).get(name)
    return {} if found is None else _checked(found, dict)


def _checked(value: Any, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise TypeError(f"a {kind.__name__} was expected")
    return value


def _text(owner: dict[str, Any], name: str) -> str:
    found = owner.get(name)
    return "" if found is None else str(_checked(found, str))


def _number(owner: dict[str, Any], name: str) -> int:
    """The integer of that name, 0 where there is none. Raises `ValueError` for what is no 64-bit number."""
    found = owner.get(name)
    return 0 if found is None else _integer(found)


def _integer(value: Any) -> int:
    if (type(value) is str and len(value) <= _DIGITS) or (
        type(value) is float and value.is_integer() and abs(value) < 2**63
    ):
        value = int(value)
    if type(value) is not int or not -(2**63) <= value < 2**64:
        raise ValueError("a 64-bit number was expected")
    return value


def _id(owner: dict[str, Any], name: str) -> int:
    text = _text(owner, name)
    return int(text, 16) if text else 0


def _trace_id(span: Any) -> int:
    return _id(_checked(span, dict), "traceId")


def _read_scope(scope: Any) -> str:
    try:
        return _text(_part(scope, "scope"), "name")
    except TypeError:
        return ""


def _read_attributes_of_resource(group: Any) -> dict[str, Any]:
    try:
        return _attributes(_part(group, "resource"))
    except (ValueError, TypeError, RecursionError):
        return {}


def _span(span: Any) -> FinishedSpan:
    status = _part(_checked(span, dict), "status")
    return FinishedSpan(
        trace_id=_id(span, "traceId"),
        span_id=_id(span, "spanId"),
        parent_id=_id(span, "parentSpanId") or None,
        name=_text(span, "name"),
        kind=KINDS.get(_number(span, "kind"), "internal"),
        start_ns=_number(span, "startTimeUnixNano"),
        end_ns=_number(span, "endTimeUnixNano") or None,
        status=STATUSES.get(_number(status, "code"), "unset"),
        status_description=_text(status, "message") or None,
        attributes=_attributes(span),
        events=tuple(event for event in map(event_of_attributes, _payloads(span)) if event is not None),
        links=tuple(
            link_to_dict(_id(link, "traceId"), _id(link, "spanId"), _attributes(link))
            for link in _listed(span, "links")
            if link is not None
        ),
        dropped=sum(_number(span, name) for name in _DROPPED),
    )


def _payloads(span: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The one attribute of each event that is read."""
    for event in _listed(span, "events"):
        if event is not None:
            for attribute in reversed(_listed(event, "attributes")):
                if attribute is not None and _checked(attribute, dict).get("key") == names.PAYLOAD:
                    yield {names.PAYLOAD: _value(attribute.get("value"))}
                    break


def _attributes(owner: Any) -> dict[str, Any]:
    return _pairs(_listed(owner, "attributes"))


def _pairs(pairs: list[Any]) -> dict[str, Any]:
    return {_text(_checked(pair, dict), "key"): _value(pair.get("value")) for pair in pairs if pair is not None}


_PLAIN: dict[str, type] = {"stringValue": str, "boolValue": bool}


def _value(value: Any) -> Any:
    """What an attribute's value says; None where it says nothing, or something that later versions know."""
    for kind, payload in () if value is None else _checked(value, dict).items():
        if payload is None:
            continue
        if kind in _PLAIN:
            return _checked(payload, _PLAIN[kind])
        if kind == "intValue":
            return _integer(payload)
        if kind == "doubleValue":
            return float(payload)
        if kind == "bytesValue":
            return b64decode(payload)
        if kind == "arrayValue":
            return [_value(entry) for entry in _listed(payload, "values")]
        if kind == "kvlistValue":
            return _pairs(_listed(payload, "values"))
    return None
