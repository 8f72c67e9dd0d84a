"""What is written into the flight recorder, and how it is read again.

Entries are told apart by their first byte: `S` a span was started, `I` an item or `F` a fact was logged, `E` a span
was ended, `M` the bytes of a media file, `R` the revision that a record of this journal will have. Values are payloads
as in `otel_tracking.frame`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from collectors.fast_events import FrameEvent
from collectors.spans import FinishedEvent, FinishedSpan, event_of_frame, link_to_dict
from otel_tracking.frame import Frame, MediaBytes, freeze, thaw

_HEAD = struct.Struct("<cQ")
_FRAME_HEAD = struct.Struct("<cQI")
_MEDIA_HEAD = struct.Struct("<cI")


def start_entry(span: ReadableSpan) -> bytes:
    """Entry of a started span."""
    context, parent = span.get_span_context(), span.parent
    assert context is not None
    links = [link_to_dict(link.context.trace_id, link.context.span_id, link.attributes) for link in span.links]
    facts = (
        context.span_id,
        parent.span_id if parent else None,
        span.name,
        span.kind.name.lower(),
        span.start_time,
        dict(span.attributes or {}),
        links,
    )
    return _HEAD.pack(b"S", context.span_id) + freeze(facts)


def frame_entry(span_id: int, frame: Frame, media_number: int = 0) -> bytes:
    """Entry of an item or fact; `media_number` names the media entry that will follow (0: none)."""
    head = _FRAME_HEAD.pack(b"I" if frame.is_item else b"F", span_id, media_number)
    return head + frame.payload


def media_entry(media_number: int, media: MediaBytes) -> bytes:
    """Entry of a media file's bytes."""
    return _MEDIA_HEAD.pack(b"M", media_number) + freeze((media.type, media.data))


def end_entry(span: ReadableSpan) -> bytes:
    """Entry of an ended span."""
    context, status = span.get_span_context(), span.status
    assert context is not None
    facts = (span.end_time, status.status_code.name.lower(), status.description or None, dict(span.attributes or {}))
    return _HEAD.pack(b"E", context.span_id) + freeze(facts)


def revision_entry(revision: int, late_spans: int) -> bytes:
    """Entry that says which revision of the record this journal is for."""
    return b"R" + freeze((revision, late_spans))


def entries_of(ended: Iterable[ReadableSpan], still_open: Iterable[ReadableSpan]) -> Iterator[bytes]:
    """All entries of spans that were journalled before, without their media (those are stored already)."""
    for span in (*ended, *still_open):
        yield start_entry(span)
        context = span.get_span_context()
        assert context is not None
        for event in span.events:
            if isinstance(event, FrameEvent):
                yield frame_entry(context.span_id, event.frame)
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
        self._frames: list[tuple[int, int, Frame]] = []
        self._media: dict[int, MediaBytes] = {}
        self.revision, self.late_spans = 1, 0

    def read(self, entry: bytes) -> None:
        kind = entry[:1]
        if kind == b"S":
            self._start(*thaw(entry[_HEAD.size :]))
        elif kind == b"E":
            self._end(_HEAD.unpack_from(entry)[1], *thaw(entry[_HEAD.size :]))
        elif kind == b"R":
            self.revision, self.late_spans = thaw(entry[1:])
        elif kind == b"M":
            media_type, data = thaw(entry[_MEDIA_HEAD.size :])
            self._media[_MEDIA_HEAD.unpack_from(entry)[1]] = MediaBytes(data, media_type)
        else:
            _, span_id, media_number = _FRAME_HEAD.unpack_from(entry)
            frame = Frame("", 0, entry[_FRAME_HEAD.size :], is_item=kind == b"I")
            self._frames.append((span_id, media_number, frame))

    def spans(self) -> list[FinishedSpan]:
        events: dict[int, list[FinishedEvent]] = {}
        for span_id, media_number, frame in self._frames:
            frame.media = self._media.get(media_number)
            events.setdefault(span_id, []).append(event_of_frame(frame))
        return [replace(span, events=tuple(events.get(span_id, ()))) for span_id, span in self._spans.items()]

    def _start(
        self,
        span_id: int,
        parent_id: int | None,
        name: str,
        kind: str,
        start_ns: int,
        attributes: dict[str, Any],
        links: list[dict[str, Any]],
    ) -> None:
        self._spans[span_id] = FinishedSpan(
            self._trace_id, span_id, parent_id, name, kind, start_ns, attributes=attributes, links=tuple(links)
        )

    def _end(self, span_id: int, end_ns: int, status: str, description: str | None, attributes: dict[str, Any]) -> None:
        self._spans[span_id] = replace(
            self._spans[span_id], end_ns=end_ns, status=status, status_description=description, attributes=attributes
        )
