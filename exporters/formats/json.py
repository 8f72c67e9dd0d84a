"""A record as one JSON document that people can read and that reads back to an equal record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from exporters.errors import BrokenFile
from otel_tracking import canonical
from otel_tracking.errors import RecordError
from otel_tracking.passed_differently import passed_differently
from otel_tracking.record import ExecutionRecord, SpanRecord


def render(record: ExecutionRecord) -> bytes:
    """Canonical JSON of the record, indented, UTF-8, with a newline at the end."""
    return f"{indented(plain_fields_of(record))}\n".encode()


def indented(value: Any, margin: str = "\n") -> str:
    """What `json.dumps` gives with an indent of 2 and sorted keys, where it works without its C part, in half the time.

    >>> indented({"b": [1, {}], "a": "ä"}) == json.dumps({"a": "ä", "b": [1, {}]}, ensure_ascii=False, indent=2)
    True
    """
    if type(value) is str:
        return encode_basestring(value)
    inner = f"{margin}  "
    if type(value) is dict and value:
        told = [f"{encode_basestring(name)}: {indented(value[name], inner)}" for name in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(told)}{margin}}}"
    if type(value) is list and value:
        return f"[{inner}{f',{inner}'.join([indented(one, inner) for one in value])}{margin}]"
    return _WRITER.encode(value)


_WRITER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def parse(document: bytes) -> ExecutionRecord:
    """The record of a document that `render` or an earlier tracker wrote; `BrokenFile` says what is wrong with it."""
    try:
        source, refused = canonical.decode_foreign(document.decode("utf-8-sig"))
    except ValueError as trouble:
        raise BrokenFile(f"the document is not JSON in UTF-8: {trouble}") from trouble
    if not isinstance(source, dict) or "execution_id" not in source:
        raise BrokenFile(f"the document is a {type(source).__name__} without execution_id, not an execution record")
    return record_of(source, refused)


def record_of(source: Mapping[str, Any], refused: int) -> ExecutionRecord:
    """The record of a document's fields; the values of it that were `refused` are lossy. Raises `BrokenFile`."""
    try:
        record = ExecutionRecord.from_dict(source)
    except RecordError as trouble:
        raise BrokenFile(f"the record cannot be read: {trouble}") from trouble
    return replace(record, lossy_values=record.lossy_values + refused) if refused else record


def import_record(path: str | Path) -> ExecutionRecord:
    """The record in a file of `render` or an earlier tracker; `BrokenFile` names it and what is wrong with it."""
    path = Path(path)
    try:
        return parse(path.read_bytes())
    except (OSError, BrokenFile) as trouble:
        raise BrokenFile(
            f"{path} cannot be imported: {trouble}. A JSON file of one execution record would work"
        ) from trouble


def plain_fields_of(record: ExecutionRecord) -> dict[str, Any]:
    """The fields as plain JSON values, each encoded on its own: what is around a value must not make it too deep."""
    fields = record.to_dict()
    parts = {name: [_plain_fields(part) for part in fields[name]] for name in ("items", "spans")}
    for span, told in zip(record.spans, parts["spans"], strict=True):
        told |= _changed(span)
    return _plain_fields({name: value for name, value in fields.items() if name not in parts}) | parts


def _changed(span: SpanRecord) -> dict[str, Any]:
    """What left as another value than the configured one, where anything did. It is not read back: it is seen again."""
    found = [_plain_fields(one.to_dict()) for one in passed_differently(span)]
    return {"passed_differently": found} if found else {}


def _plain_fields(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value if _is_plain(value) else json.loads(canonical.dumps(value)) for name, value in fields.items()}


def _is_plain(value: Any) -> bool:
    """Whether canonical JSON would say nothing else, as of most fields."""
    return value is None or type(value) is bool or (type(value) is str and value.isascii())
