"""Turn the spans of a run into what viewers are sent: all of its shape, its texts, and nobody's identity.

What is changed, and why (`docs/jaeger.md`):

- who it was: `user_id` and `device_id` become aliases that nobody can turn back;
- what was blocked: of a run that a safety check stopped, or that ended before one had let it pass, no text is sent;
- what is written: with `viewer_text` every text is what that leaves of it (`redacting.py`);
- what is large: a payload becomes its sha256, its size and a summary. A `devserver.payload` that is there is the truth.

Added is what viewers look for: texts in and out under the names of GenAI and OpenInference conventions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Link, Status

from collectors.spans.event import event_of_attributes
from collectors.viewers.payload import Alias, is_person, summary_of, with_aliases
from collectors.viewers.redacting import TextRedaction, changed
from collectors.viewers.texts import texts_of_spans
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.span_event import Frame, flat_fields
from otel_tracking.taxonomy import STAGE_NAMES
from otel_tracking.view import why_not_public

LARGEST_PAYLOAD = 8_192
"""Characters of a payload that is shown as it is; a ComfyUI graph has five times as many."""

_NAMES = frozenset(
    {
        *(names.EXECUTION_ID, names.CONFIG_NAME, names.CONFIG_USED, names.MODEL_USED, names.BACKEND_USED),
        *(names.FACT, names.ERROR_TYPE, names.SESSION_ID, names.OPENINFERENCE_SPAN_KIND),
        *(names.GEN_AI_OPERATION_NAME, names.GEN_AI_PROVIDER_NAME, names.GEN_AI_REQUEST_MODEL),
        *(f"devserver.{field}" for field in ("item_type", "media_type", "attempt", "execution_mode", "safety_level")),
        *(f"devserver.{field}" for field in ("session_id", "study_id", "batch_id", "repeats", "continues")),
        *("http.request.method", "exception.type"),
    }
)
"""Attributes whose text is a name of ours and not what somebody wrote: kept where texts are withheld."""


class ShownEvent(NamedTuple):
    """A span event as viewers get it; it has the shape of the SDK's."""

    name: str
    timestamp: int
    attributes: Mapping[str, Any]
    dropped_attributes: int = 0


class ReadEvent(NamedTuple):
    """A span event with the fields of its item or fact; None where it is somebody else's."""

    event: Any
    fields: Mapping[str, Any] | None


class Shown(NamedTuple):
    """What viewers are sent of a run, and why that is without its texts; empty where it is not."""

    spans: list[ReadableSpan]
    reason: str


def show_run(
    spans: Sequence[ReadableSpan], alias: Alias, *, reason: str = "", redaction: TextRedaction | None = None
) -> Shown:
    """What viewers are sent of a run; `reason` is why its texts are withheld, where that is known beforehand.

    With a `redaction` every text is looked over first, before one is cut, summed up or put under another name too.
    """
    read = [[ReadEvent(event, _fields_of(event)) for event in span.events] for span in spans]
    reason = reason or _reason_to_withhold(spans, read)
    if redaction:
        read = [[_redacted(one, redaction) for one in of_span] for of_span in read]
        spans = [redaction.span(span) for span in spans]
    texts = {} if reason else texts_of_spans(spans, [[one.fields for one in of_span if one.fields] for of_span in read])
    shown = [
        _show_span(span, events, texts.get(span.context.span_id if span.context else 0, {}), alias, reason)
        for span, events in zip(spans, read, strict=True)
    ]
    return Shown(shown, reason)


def _redacted(read: ReadEvent, redaction: TextRedaction) -> ReadEvent:
    if read.fields is not None:
        return read._replace(fields=redaction.fields(read.fields))
    event = read.event
    return ReadEvent(ShownEvent(event.name, event.timestamp, redaction.attributes(event.attributes or {})), None)


def _reason_to_withhold(spans: Iterable[ReadableSpan], events: Iterable[Iterable[ReadEvent]]) -> str:
    items = [read.fields for of_span in events for read in of_span if read.fields]
    failed = any(span.name == STAGE_NAMES[1] and names.ERROR_TYPE in (span.attributes or {}) for span in spans)
    return why_not_public([(item.get("item_type"), item.get("stage")) for item in items], has_failed_early=failed)


def _fields_of(event: Any) -> Mapping[str, Any] | None:
    if isinstance(event, Frame):
        return event.fields()
    ours = event_of_attributes(event.attributes or {})
    return ours.fields if ours else None


def _show_span(
    span: ReadableSpan, events: Iterable[ReadEvent], texts: Mapping[str, Any], alias: Alias, reason: str
) -> ReadableSpan:
    attributes = {**texts, **_show_attributes(span.attributes or {}, alias, reason)}
    if reason and span.parent is None:
        attributes[names.WITHHELD] = reason
    return changed(
        span,
        attributes=attributes,
        events=tuple(_show_event(read, alias, reason) for read in events),
        links=tuple(Link(link.context) for link in span.links) if reason else span.links,
        # An error's message may hold the text, and the names that were found in it.
        status=Status(span.status.status_code) if reason else span.status,
    )


def _show_event(read: ReadEvent, alias: Alias, reason: str) -> ShownEvent:
    event, fields = read
    if fields is None:
        return ShownEvent(event.name, event.timestamp, _show_attributes(event.attributes or {}, alias, reason))
    flat = _show_attributes(flat_fields(fields), alias, reason)
    payload = canonical.dumps(fields)
    if reason:
        payload_attributes: dict[str, Any] = {names.WITHHELD: reason, names.PAYLOAD_BYTES: len(payload)}
    else:
        payload_attributes = _show_payload(payload, alias)
    return ShownEvent(event.name, event.timestamp, {**flat, **payload_attributes})


def _show_payload(payload: str, alias: Alias) -> dict[str, Any]:
    """The payload itself where it is short and names nobody, else what may be said of it."""
    aliased = with_aliases(payload, alias)
    if aliased == payload and len(payload) <= LARGEST_PAYLOAD:
        return {names.PAYLOAD: payload}
    size = {names.PAYLOAD_BYTES: len(payload.encode())}
    if aliased != payload:
        # No sha256: from the hash of a text that is known but for a short id, the id can be guessed.
        return {**size, names.PAYLOAD_SUMMARY: aliased if len(aliased) <= LARGEST_PAYLOAD else summary_of(aliased)}
    sha256 = hashlib.sha256(payload.encode()).hexdigest()
    return {**size, names.PAYLOAD_SHA256: sha256, names.PAYLOAD_SUMMARY: summary_of(payload)}


def _show_attributes(attributes: Mapping[str, Any], alias: Alias, reason: str) -> dict[str, Any]:
    return {
        key: alias(value) if is_person(key.rpartition(".")[2]) else value
        for key, value in attributes.items()
        if key != names.PAYLOAD and (not reason or key in _NAMES or isinstance(value, bool | int | float))
    }
