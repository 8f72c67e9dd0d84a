"""A finished span, whoever told us of it: our own spans, OTLP or a journal.

`build_record` knows only `FinishedSpan`; the readers here and in `of_otlp.py` and `of_journal.py` make equal ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from opentelemetry.trace import Link, SpanKind, StatusCode

from collectors.spans.recorded import SpanData
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.secrets.frozen import Cleaned, usual_redactor
from otel_tracking.span_event import Frame
from otel_tracking.values.kinds import NotWritten
from otel_tracking.values.rebuild import read_plain


class FinishedEvent(NamedTuple):
    """An item or a fact: its fields by name, and its media bytes where they are at hand.

    `is_plain` says that JSON can say the fields as they are; where nobody has seen that, it is False. Two events are
    equal that say the same, whatever is known of them beside.
    """

    fields: Mapping[str, Any]
    media: bytes | None = None
    is_plain: bool = False

    def __eq__(self, other: object) -> bool:
        return self.fields == other.fields if type(other) is FinishedEvent else NotImplemented

    def __ne__(self, other: object) -> bool:  # a tuple has one of its own
        return self.fields != other.fields if type(other) is FinishedEvent else NotImplemented

    def __repr__(self) -> str:
        return f"FinishedEvent(fields={self.fields!r})"

    @property
    def is_item(self) -> bool:
        """Whether it is an item; a fact otherwise."""
        return "fact" not in self.fields


class FinishedSpan(NamedTuple):
    """A span as the record needs it. `end_ns` is None where it never ended; times are nanoseconds since 1970.

    A tuple, as its events are: a frozen dataclass takes five times as long to make, and eight times to be unpickled.
    """

    trace_id: int
    span_id: int
    parent_id: int | None
    name: str
    kind: str
    start_ns: int
    end_ns: int | None = None
    status: str = "unset"
    status_description: str | None = None
    attributes: Mapping[str, Any] = {}
    events: tuple[FinishedEvent, ...] = ()
    links: tuple[Mapping[str, Any], ...] = ()
    dropped: int = 0


_NAMES: dict[SpanKind | StatusCode, str] = {member: member.name.lower() for member in (*SpanKind, *StatusCode)}
_INTERNAL, _UNSET = SpanKind.INTERNAL, StatusCode.UNSET


def from_recorded(span: SpanData) -> FinishedSpan:
    """The finished span of a span that we recorded ourselves."""
    return without_events(span)._replace(events=tuple(_read_events(span.events)))


def without_events(span: SpanData) -> FinishedSpan:
    """The same without its events: whoever has frames at hand need not read each of them by name."""
    return FinishedSpan(
        span.trace_id,
        span.span_id,
        span.parent_id,
        span.name,
        "internal" if span.kind is _INTERNAL else _NAMES[span.kind],
        span.start_ns,
        span.end_ns,
        "unset" if span.status is _UNSET else _NAMES[span.status],
        span.status_description or None,
        dict(span.attributes),
        links=links_of(span.links) if span.links else (),
    )


def event_of_attributes(attributes: Mapping[str, Any]) -> FinishedEvent | None:
    """The event that span event attributes hold; None where they are not ours."""
    payload = attributes.get(names.PAYLOAD)
    return event_of_payload(payload) if isinstance(payload, str) else None


def event_of_payload(payload: str, *, may_hold_secret: bool = True) -> FinishedEvent | None:
    """The event whose canonical text this is; None where it is none of ours.

    Without `may_hold_secret` it is not searched: whoever says so has searched what it came in.
    """
    try:
        try:
            fields, is_plain = read_plain(payload), True
        except NotWritten:
            fields, is_plain = canonical.loads(payload), False
        if may_hold_secret:
            fields, removed = _without_secrets(fields, payload)
            is_plain = is_plain and not removed
    except (ValueError, RecursionError):
        return None
    return FinishedEvent(fields, None, is_plain) if _is_ours(fields) else None


def _without_secrets(fields: Any, payload: str) -> Cleaned:
    """What a canonical text says without secrets: who wrote it may have looked for none."""
    redactor = usual_redactor()
    may_hold_one = redactor.may_hold_secret(payload.encode("utf-8", "surrogatepass"))
    return redactor.clean(fields) if may_hold_one else Cleaned(fields, [])


def _is_ours(fields: Any) -> bool:
    if type(fields) is not dict:
        return False
    if "fact" in fields:
        return type(fields["fact"]) is str
    said = fields.get
    number, time = said("sequence_number"), said("timestamp_ns")
    if not (type(number) is type(time) is int and 0 <= number <= _MOST and 0 <= time <= _MOST):
        return False
    return type(said("item_type")) is type(said("media_type")) is str


_MOST = 2**63 - 1


def links_of(links: Iterable[Link]) -> tuple[dict[str, Any], ...]:
    """Links as the record keeps them."""
    return tuple(link_to_dict(link.context.trace_id, link.context.span_id, link.attributes) for link in links)


def link_to_dict(trace_id: int, span_id: int, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """A link as the record keeps it: ids in hex."""
    return {"trace_id": f"{trace_id:032x}", "span_id": f"{span_id:016x}", "attributes": dict(attributes or {})}


def _read_events(events: Iterable[Any]) -> Iterator[FinishedEvent]:
    for event in events:
        if isinstance(event, Frame):
            yield FinishedEvent(event.fields(), event.media.data if event.media else None)
        elif ours := event_of_attributes(event.attributes or {}):
            yield ours
