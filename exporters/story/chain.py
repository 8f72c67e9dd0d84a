"""Where a hop was not given what the hop before it had made: the break that a chain of texts would otherwise hide."""

from __future__ import annotations

from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import ItemType

_SOURCES = frozenset({ItemType.USER_INPUT_TEXT, ItemType.TRANSLATION_RESULT, ItemType.USER_EDIT})


def given_another(record: ExecutionRecord) -> dict[int, object]:
    """By item number: what a hop was given, where it is not the text that was there before."""
    given, before = {}, None
    for item in record.items:
        if item.item_type == ItemType.INTERCEPTION_ITERATION:
            if item.input_text is not None and before is not None and item.input_text != before:
                given[item.sequence_number] = item.input_text
            before = item.content
        elif item.item_type in _SOURCES:
            before = item.content
    return given
