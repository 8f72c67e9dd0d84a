"""What a document for students leaves out: what a safety check said no to, and nothing else.

A prompt that stage 1 blocked, with the pictures given with it; the text that stage 3 blocked, unless another check
let the same text through; media of an output that was blocked after it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import BLOCKED_TYPES, ItemType

_CHECKS = frozenset({ItemType.STAGE1_SAFETY_CHECK, ItemType.STAGE1_SAFETY_CHECK_IMAGE, ItemType.STAGE3_SAFETY_CHECK})


@dataclass(frozen=True, slots=True)
class Withheld:
    """What must not be shown, to be asked item by item."""

    stage_one: bool = False
    outputs: frozenset[int | None] = frozenset()
    texts: frozenset[str] = frozenset()

    def holds(self, item: ExecutionItem) -> bool:
        """Whether content and medium of this item must not be shown."""
        if item.item_type in _CHECKS:
            return False
        if item.item_type in BLOCKED_TYPES:
            return bool(item.media or item.file_path)
        if self.stage_one and item.stage == 1:
            return True
        if item.loop_iteration in self.outputs and item.stage == 4:
            return True
        return type(item.content) is str and item.content in self.texts


def withheld_in(record: ExecutionRecord) -> Withheld:
    """What the checks of this run said no to."""
    types = {item.item_type for item in record.items}
    blocked = {item.loop_iteration for item in record.items if item.item_type == ItemType.OUTPUT_BLOCKED}
    return Withheld(
        stage_one=ItemType.STAGE1_BLOCKED in types,
        outputs=frozenset(blocked),
        texts=_texts_checked(record, safe=False) - _texts_checked(record, safe=True),
    )


def _texts_checked(record: ExecutionRecord, *, safe: bool) -> frozenset[str]:
    return frozenset(
        item.input_text
        for item in record.items
        if item.item_type == ItemType.STAGE3_SAFETY_CHECK
        and type(item.input_text) is str
        and isinstance(item.metadata, Mapping)
        and item.metadata.get("safe") is safe
    )
