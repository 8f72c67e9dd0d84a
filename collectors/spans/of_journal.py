"""What is written into the flight recorder, and how it is read again.

An entry is a tuple whose first value says what it is: `I` an item or `F` a fact (these are the frames' own payloads),
`S` a span was started, `E` a span was ended, `M` the bytes of an item's media, `R` the revision that a record of this
journal will have. Frames are frozen; what is flat is written as JSON, which costs a third of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.trace import SpanKind
from orjson import dumps, loads

from collectors.spans.event import FinishedEvent
from collectors.spans.finished import FinishedSpan, links_of
from collectors.spans.recorded import UNSET, SpanData
from otel_tracking.frame import FACT, ITEM, ITEM_FIELDS, MediaBytes, freeze, thaw_own
from otel_tracking.secrets.frozen import looked_over
from otel_tracking.span_event import Frame, fields_of
from otel_tracking.values.payload_check import check_payload

STARTED, ENDED, MEDIA, REVISION = "S", "E", "M", "R"

_INTERNAL = SpanKind.INTERNAL  # on every start of a span: a look into an enumeration takes as long as a call
_NUMBER = 2 + ITEM_FIELDS.index("sequence_number")


def start_entry(span: SpanData) -> bytes:
    """Entry of a started span."""
    kind = span.kind
    entry = (
        STARTED,
        span.span_id,
        span.parent_id,
        span.name,
        "internal" if kind is _INTERNAL else kind.name.lower(),
        span.start_ns,
        span.attributes,
        links_of(span.links) if span.links else (),
    )
    try:
        return dumps(entry)
    except TypeError:  # a span of somebody else's, whose name or links are not what they should be
        return freeze(entry)


def media_entry(frame: Frame) -> bytes:
    """Entry of the bytes of an item's media. It copies them: not for the pipeline's thread."""
    assert frame.media is not None
    number = thaw_own(frame.payload)[_NUMBER]
    return freeze((MEDIA, frame.span_id, number, frame.media.type, frame.media.data))


def end_entry(span: SpanData) -> bytes:
    """Entry of an ended span; its attributes only where it has others than it began with."""
    code = "unset" if span.status is UNSET else span.status.name.lower()
    attributes = span.attributes if span.attributes_changed else None
    entry = (ENDED, span.span_id, span.end_ns, code, span.status_description, attributes)
    try:
        return dumps(entry)
    except TypeError:
        return freeze(entry)


def revision_entry(revision: int, late_spans: int) -> bytes:
    """Entry that says which revision of the record this journal is for."""
    return dumps((REVISION, revision, late_spans))


def _read_entry(entry: bytes) -> Sequence[Any]:
    if entry[:1] == b"[":
        flat: Sequence[Any] = loads(entry)
        return flat
    check_payload(entry)
    return thaw_own(looked_over(entry))


def entries_of(ended: Iterable[SpanData], still_open: Iterable[SpanData]) -> Iterator[bytes]:
    """All entries of spans that were journalled before, without their media (those are stored already)."""
    for span in (*ended, *still_open):
        yield start_entry(span)
        yield from (event.payload for event in span.events if isinstance(event, Frame))
    yield from map(end_entry, ended)


class JournalledRun(NamedTuple):
    """What one run's journal holds."""

    spans: list[FinishedSpan]
    revision: int
    late_spans: int
    unreadable: int


def read_run(trace_id: int, entries: Iterable[bytes]) -> JournalledRun:
    """The spans of one run's entries; unreadable entries are counted."""
    reader, unreadable = _Reader(trace_id), 0
    for entry in entries:
        try:
            reader.read(entry)
        except Exception:
            unreadable += 1
    return JournalledRun(reader.spans(), reader.revision, reader.late_spans, unreadable)


class _Reader:
    def __init__(self, trace_id: int) -> None:
        self._trace_id = trace_id
        self._spans: dict[int, FinishedSpan] = {}
        self._frames: list[tuple[Any, ...]] = []
        self._media: dict[int, MediaBytes] = {}
        self.revision, self.late_spans = 1, 0

    def read(self, entry: bytes) -> None:
        values: Any = _read_entry(entry)
        kind = values[0]
        if kind in (ITEM, FACT):
            self._frames.append(values)
        elif kind == STARTED:
            _, span_id, parent_id, name, of_span, start_ns, attributes, links = values
            ids = (self._trace_id, span_id, parent_id)
            begun = FinishedSpan(*ids, name, of_span, start_ns, attributes=attributes, links=tuple(links))
            self._spans[span_id] = begun
        elif kind == ENDED:
            self._end(*values[1:])
        elif kind == MEDIA:
            _, _, number, media_type, data = values
            self._media[number] = MediaBytes(data, media_type)
        elif kind == REVISION:
            _, self.revision, self.late_spans = values
        else:
            raise ValueError(f"no journal entry begins with {kind!r:.40}")

    def spans(self) -> list[FinishedSpan]:
        events: dict[int, list[FinishedEvent]] = {}
        for values in self._frames:
            media = self._media.get(values[_NUMBER]) if values[0] == ITEM else None
            event = FinishedEvent(fields_of(values, media), media.data if media else None)
            events.setdefault(values[1], []).append(event)
        return [span._replace(events=tuple(events.get(span_id, ()))) for span_id, span in self._spans.items()]

    def _end(
        self, span_id: int, end_ns: int, status: str, description: str | None, attributes: Mapping[str, Any] | None
    ) -> None:
        started = self._spans[span_id]
        self._spans[span_id] = started._replace(
            end_ns=end_ns,
            status=status,
            status_description=description,
            attributes=started.attributes if attributes is None else attributes,
        )
