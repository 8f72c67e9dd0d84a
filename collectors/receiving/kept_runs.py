"""What runs kept requests hold: a record of what there is so far of each, made to be asked whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from collectors.building.record import build_record
from collectors.receiving.entries import JSON, PROTOBUF
from collectors.receiving.sorting import sort
from collectors.spans.batches import Batch
from collectors.spans.finished import FinishedSpan
from collectors.spans.of_otlp import batches_of_protobuf
from collectors.spans.of_otlp_json import batches_of_json
from collectors.spans.without_traces import (
    Traces,
    traces_in_json,
    traces_in_protobuf,
    without_traces_in_json,
    without_traces_in_protobuf,
)
from otel_tracking.record import ExecutionRecord

READERS: dict[bytes, Callable[[bytes], list[Batch]]] = {PROTOBUF: batches_of_protobuf, JSON: batches_of_json}
_WITHOUT = {PROTOBUF: without_traces_in_protobuf, JSON: without_traces_in_json}
_TRACES = {PROTOBUF: traces_in_protobuf, JSON: traces_in_json}


def without_traces(kind: bytes, body: bytes, traces: Traces) -> bytes:
    """A request without the spans of these traces: the same bytes where it has none, empty where it has no other.

    Raises an error of one kind or another for bytes that are no request.
    """
    return _WITHOUT[kind](body, traces)


def traces_in(kind: bytes, body: bytes) -> Traces:
    """The traces that a request has spans of; none where it cannot be read."""
    try:
        return _TRACES[kind](body)
    except Exception:
        return frozenset()


def records_in(requests: Iterable[tuple[bytes, bytes]]) -> Iterator[ExecutionRecord]:
    """A record of each run that has spans in the requests, given by kind and body, as far as one can be made."""
    by_trace: dict[int, dict[int, FinishedSpan]] = {}
    for kind, body in requests:
        try:
            found = sort(READERS[kind](body), by_trace.__contains__)
        except Exception:
            continue  # nobody can read it; whoever erases says so
        for trace_id, spans in found.ours.items():
            known = by_trace.setdefault(trace_id, {})
            for span in spans:
                known.setdefault(span.span_id, span)
    for known in by_trace.values():
        record = _record_of(list(known.values()))
        if record is not None:
            yield record


def _record_of(spans: list[FinishedSpan]) -> ExecutionRecord | None:
    """The record; without its items where these are what no record can be made of: the root says whose it is."""
    bare = [span._replace(events=(), links=()) for span in spans]
    roots = [span for span in bare if span.parent_id is None]
    for attempt in (spans, bare, *([root] for root in roots)):
        try:
            return build_record(attempt)
        except Exception:
            continue
    return None
