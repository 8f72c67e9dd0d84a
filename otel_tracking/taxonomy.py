"""What an item may be, and where in the pipeline it belongs.

Nineteen types make up taxonomy 1.0; six more (1.1) name what pipelines have since grown. `docs/taxonomy.md`
describes each with its reasons. A rule that an item breaks is reported in words, never raised.
"""

from __future__ import annotations

import logging
import re
from enum import StrEnum
from typing import NamedTuple, TypeVar

TAXONOMY_VERSION = "1.1"

_log = logging.getLogger(__name__)


class ItemType(StrEnum):
    """The kind of thing that was logged."""

    USER_INPUT_TEXT = "user_input_text"
    USER_INPUT_IMAGE = "user_input_image"
    TRANSLATION_RESULT = "translation_result"
    STAGE1_SAFETY_CHECK = "stage1_safety_check"
    STAGE1_SAFETY_CHECK_IMAGE = "stage1_safety_check_image"
    STAGE1_BLOCKED = "stage1_blocked"
    INTERCEPTION_ITERATION = "interception_iteration"
    INTERCEPTION_FINAL = "interception_final"
    STAGE3_SAFETY_CHECK = "stage3_safety_check"
    STAGE3_BLOCKED = "stage3_blocked"
    OUTPUT_IMAGE = "output_image"
    OUTPUT_AUDIO = "output_audio"
    OUTPUT_MUSIC = "output_music"
    OUTPUT_VIDEO = "output_video"
    OUTPUT_3D = "output_3d"
    PIPELINE_START = "pipeline_start"
    PIPELINE_COMPLETE = "pipeline_complete"
    PIPELINE_ERROR = "pipeline_error"
    STAGE_TRANSITION = "stage_transition"
    # Taxonomy 1.1
    OUTPUT_CODE = "output_code"
    OUTPUT_FAILED = "output_failed"
    OUTPUT_BLOCKED = "output_blocked"
    BACKEND_FALLBACK = "backend_fallback"
    USER_EDIT = "user_edit"
    RESEARCH_LOOKUP = "research_lookup"


class MediaType(StrEnum):
    """What an item's content is made of."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    MUSIC = "music"
    VIDEO = "video"
    MODEL_3D = "3d"
    THREE_D = "3d"  # as earlier trackers called it
    CODE = "code"
    METADATA = "metadata"


class TypeRule(NamedTuple):
    """Where an item type belongs: its stages, its usual medium, and which of the two counters it needs."""

    stages: tuple[int, ...]
    media_type: MediaType
    needs: str | None = None


_ANY_STAGE = (0, 1, 2, 3, 4, 5)

RULES: dict[ItemType, TypeRule] = {
    ItemType.USER_INPUT_TEXT: TypeRule((1,), MediaType.TEXT),
    ItemType.USER_INPUT_IMAGE: TypeRule((1,), MediaType.IMAGE),
    ItemType.TRANSLATION_RESULT: TypeRule((1, 3), MediaType.TEXT),
    ItemType.STAGE1_SAFETY_CHECK: TypeRule((1,), MediaType.METADATA),
    ItemType.STAGE1_SAFETY_CHECK_IMAGE: TypeRule((1,), MediaType.METADATA),
    ItemType.STAGE1_BLOCKED: TypeRule((1,), MediaType.METADATA),
    ItemType.INTERCEPTION_ITERATION: TypeRule((2,), MediaType.TEXT, "stage_iteration"),
    ItemType.INTERCEPTION_FINAL: TypeRule((2,), MediaType.TEXT),
    # Of one output of the loop; or without a counter, of a text that is the output.
    ItemType.STAGE3_SAFETY_CHECK: TypeRule((3,), MediaType.METADATA),
    ItemType.STAGE3_BLOCKED: TypeRule((3,), MediaType.METADATA),
    ItemType.OUTPUT_IMAGE: TypeRule((4,), MediaType.IMAGE, "loop_iteration"),
    ItemType.OUTPUT_AUDIO: TypeRule((4,), MediaType.AUDIO, "loop_iteration"),
    ItemType.OUTPUT_MUSIC: TypeRule((4,), MediaType.MUSIC, "loop_iteration"),
    ItemType.OUTPUT_VIDEO: TypeRule((4,), MediaType.VIDEO, "loop_iteration"),
    ItemType.OUTPUT_3D: TypeRule((4,), MediaType.MODEL_3D, "loop_iteration"),
    ItemType.OUTPUT_CODE: TypeRule((4,), MediaType.CODE, "loop_iteration"),
    ItemType.OUTPUT_FAILED: TypeRule((3, 4), MediaType.METADATA, "loop_iteration"),
    ItemType.OUTPUT_BLOCKED: TypeRule((4,), MediaType.METADATA, "loop_iteration"),
    ItemType.BACKEND_FALLBACK: TypeRule((1, 2, 3, 4), MediaType.METADATA),
    ItemType.USER_EDIT: TypeRule((1, 2, 3, 4), MediaType.TEXT),
    ItemType.RESEARCH_LOOKUP: TypeRule((1, 2, 3), MediaType.TEXT),
    ItemType.PIPELINE_START: TypeRule((0,), MediaType.METADATA),
    ItemType.PIPELINE_COMPLETE: TypeRule((5,), MediaType.METADATA),
    ItemType.PIPELINE_ERROR: TypeRule(_ANY_STAGE, MediaType.METADATA),
    ItemType.STAGE_TRANSITION: TypeRule((1, 2, 3, 4), MediaType.METADATA),
}

OUTPUT_TYPES = frozenset(
    {
        ItemType.OUTPUT_IMAGE,
        ItemType.OUTPUT_AUDIO,
        ItemType.OUTPUT_MUSIC,
        ItemType.OUTPUT_VIDEO,
        ItemType.OUTPUT_3D,
        ItemType.OUTPUT_CODE,
    }
)
"""The types that mean "an output was made"."""

BLOCKED_TYPES = frozenset({ItemType.STAGE1_BLOCKED, ItemType.STAGE3_BLOCKED, ItemType.OUTPUT_BLOCKED})
"""The types that mean "a safety check said no": an outcome, not an error."""

CHECK_TYPES = frozenset(
    {ItemType.STAGE1_SAFETY_CHECK, ItemType.STAGE1_SAFETY_CHECK_IMAGE, ItemType.STAGE3_SAFETY_CHECK}
)
"""The types that say what a safety check found."""

FAILURE_TYPES = frozenset({ItemType.OUTPUT_FAILED, ItemType.PIPELINE_ERROR})
"""The types that mean "this did not work"."""

MARKER_TYPES = frozenset({ItemType.PIPELINE_START, ItemType.PIPELINE_COMPLETE, ItemType.STAGE_TRANSITION})
"""The types that mark where a run is, and hold nothing that was made."""

_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")

STAGE_NAMES = {
    1: "stage.translation_safety",
    2: "stage.interception",
    3: "stage.output_safety",
    4: "stage.output",
}
"""Span name of each stage (low cardinality; the number is an attribute)."""


def usual_media_type(item_type: str) -> str:
    """The medium an item of this type has when nobody says otherwise; unknown types are metadata."""
    rule = RULES.get(item_type)  # type: ignore[call-overload]  # a StrEnum's hash and equality are its value's
    return rule.media_type if rule else MediaType.METADATA


def read_item_type(value: str) -> ItemType | str:
    """The `ItemType` of `value`, or `value` itself with a warning: old and foreign records load, never fail."""
    try:
        return ItemType(value)
    except ValueError:
        _log.warning("unknown item type %s kept as it is; known types are listed in docs/taxonomy.md", _named(value))
        return value


def read_media_type(value: str) -> MediaType | str:
    """The `MediaType` of `value`, or `value` itself where it is not one of ours."""
    return member_of(MediaType, value)


def member_of(kind: type[K], value: str) -> K | str:
    """The member of an enum whose value that is, or the value itself where there is none."""
    try:
        return kind(value)
    except ValueError:
        return value


K = TypeVar("K", bound=StrEnum)


def broken_rules(
    item_type: str, stage: int | None, stage_iteration: int | None, loop_iteration: int | None
) -> tuple[str, ...]:
    """What is unusual about an item's place, in words; empty when nothing is.

    >>> broken_rules("interception_iteration", 2, None, None)
    ('interception_iteration without stage_iteration',)
    """
    rule = RULES.get(item_type)  # type: ignore[call-overload]
    if rule is None:
        return (f"unknown item type {_named(item_type)}",)
    counters = {"stage_iteration": stage_iteration, "loop_iteration": loop_iteration}
    complaints = [
        f"{name} {_number(value)} is not a number from 1 up"
        for name, value in counters.items()
        if value is not None and (type(value) is not int or value < 1)
    ]
    if stage not in rule.stages:
        complaints.append(f"{item_type} in stage {_number(stage)}, expected {' or '.join(map(str, rule.stages))}")
    if rule.needs and counters[rule.needs] is None:
        complaints.append(f"{item_type} without {rule.needs}")
    return tuple(complaints)


def _named(item_type: object) -> str:
    """An item type as logs may say it: a name as programs give them; another text may be what somebody wrote."""
    is_name = isinstance(item_type, str) and len(item_type) <= 60 and _NAME.fullmatch(item_type)
    return repr(item_type) if is_name else f"of type {type(item_type).__name__}"


def _number(value: object) -> str:
    """A number as it is; of anything else only what it is."""
    return f"{value!r:.40}" if value is None or type(value) in (int, float, bool) else f"of type {type(value).__name__}"
