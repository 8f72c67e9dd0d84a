"""A finished span, whoever told us of it: our own spans, OTLP or a journal.

`build_record` knows only `FinishedSpan`; the readers here and in `of_otlp.py` and `of_journal.py` make equal ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from opentelemetry.trace import Link, SpanKind, StatusCode

from collectors.spans.event import FinishedEvent, event_of_attributes
from collectors.spans.recorded import SpanData
from otel_tracking.span_event import Frame


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
