"""How each field of a record is written in XML, and whether a value is of that kind."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord

TEXT = "text"
INTEGER = "integer"
NUMBER = "number"
MOMENT = "moment"
NUMBERS = "numbers"
TEXTS = "texts"
MEDIA = "media"
VALUE = "value"
PARTS = "parts"

FIELDS = {
    **dict.fromkeys(("sequence_number", "stage", "stage_iteration", "loop_iteration", "used_seed"), INTEGER),
    **dict.fromkeys(("outputs_generated", "span_count", "item_count", "dropped", "lossy_values"), INTEGER),
    **dict.fromkeys(("late_spans", "revision", "bytes"), INTEGER),
    **dict.fromkeys(("execution_time", "total_execution_time"), NUMBER),
    **dict.fromkeys(("metadata", "error", "configured", "passed", "response", "facts"), VALUE),
    **dict.fromkeys(("items", "spans", "links"), PARTS),
    "timestamp": MOMENT,
    "stages_completed": NUMBERS,
    "not_passed": TEXTS,
    "media": MEDIA,
}
"""Fields that are not texts."""

_LARGE = ("items", "spans", "links")


def _names(kind: type[Any]) -> tuple[str, ...]:
    """A class's fields in their order, those that hold many parts last: a reader meets the run before its items."""
    names = [field.name for field in fields(kind) if field.name != "attachments"]
    return (*(name for name in names if name not in _LARGE), *(name for name in names if name in _LARGE))


RECORD, ITEM, SPAN = map(_names, (ExecutionRecord, ExecutionItem, SpanRecord))


def fits(name: str, value: Any) -> bool:
    """Whether a value is of the kind that its field's element is made for, exactly."""
    kind = FIELDS.get(name, TEXT)
    if kind == TEXT:
        return type(value) is str
    if kind == INTEGER:
        return _is_integer(value)
    if kind == NUMBER:
        return type(value) is float
    if kind == NUMBERS:
        return all(map(_is_integer, value))
    if kind == TEXTS:
        return all(type(text) is str for text in value)
    if kind == MEDIA:
        return all(part is None or fits(name, part) for name, part in value.items())
    return True


def _is_integer(value: object) -> bool:
    return type(value) is int and -(2**63) <= value < 2**64
