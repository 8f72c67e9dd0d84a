"""Take an OTLP request apart without reading its spans: each stays as its bytes, to be read alone.

Protobuf reads a message whole or not at all. Here the same message is described once more, with bytes where spans,
resources and scopes stand; the wire has no difference between the two.
"""

from __future__ import annotations

import functools
from typing import Any

_PACKAGE = "otel_tracking.outline"


def outline_of(body: bytes) -> Any:
    """The request with `resource_spans`, their `scope_spans`, and in these `spans` as bytes. Raises `DecodeError`."""
    return _messages()["Request"].FromString(body)


def trace_id_in(span: bytes) -> int:
    """The trace id of a span of which nothing else may be readable. Raises `DecodeError`."""
    return int.from_bytes(_messages()["Span"].FromString(span).trace_id)


def nothing_but_the_trace_id(span: bytes) -> bytes:
    """A span that says of which trace it is and nothing else."""
    kind = _messages()["Span"]
    try:
        packed: bytes = kind(trace_id=kind.FromString(span).trace_id).SerializeToString()
    except Exception:
        return b""
    return packed


@functools.cache
def _messages() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # only here: it is seldom needed

    file = descriptor_pb2.FileDescriptorProto(name="otel_tracking/outline.proto", package=_PACKAGE, syntax="proto3")
    _add(file, "Span", trace_id=(1, None, False))
    _add(file, "ScopeSpans", scope=(1, None, False), spans=(2, None, True))
    _add(file, "ResourceSpans", resource=(1, None, False), scope_spans=(2, "ScopeSpans", True))
    _add(file, "Request", resource_spans=(1, "ResourceSpans", True))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {message.name: pool.FindMessageTypeByName(f"{_PACKAGE}.{message.name}") for message in file.message_type}
    return {name: message_factory.GetMessageClass(descriptor) for name, descriptor in found.items()}


def _add(file: Any, name: str, **fields: tuple[int, str | None, bool]) -> None:
    """A message whose fields are bytes, or messages of a kind, once or repeated."""
    message = file.message_type.add(name=name)
    for field, (number, kind, is_repeated) in fields.items():
        message.field.add(
            name=field,
            number=number,
            label="LABEL_REPEATED" if is_repeated else "LABEL_OPTIONAL",
            type="TYPE_MESSAGE" if kind else "TYPE_BYTES",
            type_name=f".{_PACKAGE}.{kind}" if kind else None,
        )
