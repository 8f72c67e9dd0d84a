"""What is not for students: what a safety check said no to, in any language, and what no check has looked at.

A prompt that stage 1 blocked, with the pictures given with it; the text that stage 3 blocked, unless another check
let the same text through, and the texts that it is a translation of; media of an output that was blocked after it was
made; everything of a run that went without checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exporters.story.readable import readable
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import BLOCKED_TYPES, OUTPUT_TYPES, ItemType

CHECKED_LEVELS = frozenset({"kids", "youth"})
"""Safety levels that have checks; `off` says that there were none, and of others nothing is known."""

_CHECKS = frozenset({ItemType.STAGE1_SAFETY_CHECK, ItemType.STAGE1_SAFETY_CHECK_IMAGE, ItemType.STAGE3_SAFETY_CHECK})
_SILENT = BLOCKED_TYPES | {ItemType.PIPELINE_ERROR, ItemType.OUTPUT_FAILED}
"""What these say is for developers and is never shown to students."""

_TRANSLATIONS = frozenset({ItemType.TRANSLATION_RESULT, ItemType.INTERCEPTION_ITERATION})


@dataclass(frozen=True, slots=True)
class Withheld:
    """What must not be shown, to be asked item by item. `everything` where nobody checked the run."""

    everything: bool = False
    stage_one: bool = False
    outputs: frozenset[int | None] = frozenset()
    texts: frozenset[str] = frozenset()

    def holds(self, item: ExecutionItem) -> bool:
        """Whether content and medium of this item must not be shown."""
        if item.item_type in _SILENT:
            return bool(item.media or item.file_path)
        if item.item_type in _CHECKS and not (item.media or item.file_path or item.content is not None):
            return False  # a verdict, which says nothing of what it was about
        return self.everything or self._holds_place(item) or self._holds_text(item.content)

    def why(self, item: ExecutionItem) -> str:
        """The word of documents that says why an item is not shown; empty for one that is."""
        if not self.holds(item):
            return ""
        return "unchecked" if self.everything else "withheld"

    def _holds_place(self, item: ExecutionItem) -> bool:
        if self.stage_one and item.stage == 1:
            return True
        is_made = item.stage == 4 or item.item_type in OUTPUT_TYPES
        return is_made and item.loop_iteration in self.outputs

    def _holds_text(self, content: Any) -> bool:
        if not self.texts or content is None:
            return False
        told = _plain(content)
        return any(text in told for text in self.texts)


def withheld_in(record: ExecutionRecord) -> Withheld:
    """What the checks of this run said no to, or everything where there were none."""
    types = {item.item_type for item in record.items}
    blocked = {item.loop_iteration for item in record.items if item.item_type == ItemType.OUTPUT_BLOCKED}
    refused = _texts_checked(record, safe=False) - _texts_checked(record, safe=True)
    return Withheld(
        everything=_is_unchecked(record),
        stage_one=ItemType.STAGE1_BLOCKED in types,
        outputs=frozenset(blocked),
        texts=_with_sources(refused, record.items),
    )


def _is_unchecked(record: ExecutionRecord) -> bool:
    """Whether the run's level says that nothing is checked; or says nothing, and no check is recorded."""
    level = record.safety_level
    if isinstance(level, str) and level.strip().lower() in {"off", *CHECKED_LEVELS}:
        return level.strip().lower() == "off"
    return not any(item.item_type in _CHECKS | BLOCKED_TYPES for item in record.items)


def _texts_checked(record: ExecutionRecord, *, safe: bool) -> frozenset[str]:
    return frozenset(
        _plain(item.input_text)
        for item in record.items
        if item.item_type == ItemType.STAGE3_SAFETY_CHECK
        and item.input_text
        and isinstance(item.metadata, Mapping)
        and item.metadata.get("safe") is safe
    ) - {""}


def _with_sources(texts: frozenset[str], items: Iterable[ExecutionItem]) -> frozenset[str]:
    """The texts, and those that they were translated from: they say the same in another language."""
    if not texts:
        return texts
    found = set(texts)
    translations = [
        (_plain(item.input_text), _plain(item.content))
        for item in items
        if item.item_type in _TRANSLATIONS and item.input_text and item.content
    ]
    # From the last one back, so that a whole journey is followed to where it began.
    for source, made in reversed(translations):
        if made in found and source:
            found.add(source)
    return frozenset(found)


def _plain(value: Any) -> str:
    """A value as text in which spaces and capitals make no difference."""
    return " ".join((value if isinstance(value, str) else readable(value)).casefold().split())
