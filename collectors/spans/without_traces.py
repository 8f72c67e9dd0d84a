"""Take the spans of some traces out of a request, and leave those of others as they came.

In protobuf every other span keeps its bytes. JSON is written anew where something goes: equal, if not byte for byte.
Both raise an error of one kind or another for bytes that are no request.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from collectors.spans.of_otlp_json import read_digits
from collectors.spans.outline import outline_of, trace_id_in

Traces = frozenset[int]


def without_traces_in_protobuf(body: bytes, traces: Traces) -> bytes:
    """The request without the spans of these traces; the same bytes where it has none, empty where it has no other."""
    if not mentions(body, traces):
        return body
    request, removed = outline_of(body), 0
    for group in request.resource_spans:
        for scope in group.scope_spans:
            ids = [(span, _packed_trace_id(span)) for span in scope.spans]
            kept = [span for span, known in ids if not (known in traces if known else mentions(span, traces))]
            removed += len(scope.spans) - len(kept)
            scope.spans[:] = kept
        _drop_empty(group.scope_spans, "spans")
    _drop_empty(request.resource_spans, "scope_spans")
    rest: bytes = request.SerializeToString()
    return rest if removed else body


def without_traces_in_json(body: bytes, traces: Traces) -> bytes:
    """The same for a request in JSON."""
    request, removed = json.loads(body, parse_int=read_digits), 0
    for group in _listed(request, "resourceSpans"):
        for scope in _listed(group, "scopeSpans"):
            spans = _listed(scope, "spans")
            scope["spans"] = [span for span in spans if _trace_id(span) not in traces]
            removed += len(spans) - len(scope["spans"])
        group["scopeSpans"] = [scope for scope in _listed(group, "scopeSpans") if scope["spans"]]
    if not removed:
        return body
    request["resourceSpans"] = [group for group in _listed(request, "resourceSpans") if group["scopeSpans"]]
    return json.dumps(request).encode() if request["resourceSpans"] else b""


def traces_in_protobuf(body: bytes) -> Traces:
    """The traces that a request has spans of."""
    spans = (span for group in outline_of(body).resource_spans for scope in group.scope_spans for span in scope.spans)
    return frozenset(filter(None, map(_packed_trace_id, spans)))


def traces_in_json(body: bytes) -> Traces:
    """The same for a request in JSON."""
    groups = _listed(json.loads(body, parse_int=read_digits), "resourceSpans")
    spans = (span for group in groups for scope in _listed(group, "scopeSpans") for span in _listed(scope, "spans"))
    return frozenset(filter(None, map(_trace_id, spans)))


def mentions(content: bytes, traces: Iterable[int]) -> bool:
    """Whether one of the ids stands in bytes, as they are in protobuf or as JSON has them; for what cannot be read."""
    lower = content.lower()
    return any(trace.to_bytes(16) in content or f"{trace:032x}".encode() in lower for trace in traces)


def _packed_trace_id(span: bytes) -> int:
    """The trace id; 0 where it cannot be read."""
    try:
        return trace_id_in(span)
    except Exception:
        return 0


def _drop_empty(groups: Any, field: str) -> None:
    for number in reversed(range(len(groups))):
        if not getattr(groups[number], field):
            del groups[number]


def _listed(owner: dict[str, Any], name: str) -> list[Any]:
    """The list of that name, without what is not there; an empty one where there is none."""
    return [one for one in owner.get(name) or () if one is not None]


def _trace_id(span: Any) -> int:
    """The trace id; 0 where it cannot be read."""
    try:
        return int(span["traceId"], 16)
    except (KeyError, TypeError, ValueError):
        return 0
