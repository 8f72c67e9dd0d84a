"""What an entity of an earlier recorder is: its item type and place, and what was said of it, by whichever name.

Folders are imported and recorders are heard by these rules alike. `docs/migration-plan.md` has the table for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from otel_tracking.taxonomy import ItemType, MediaType


class Kind(NamedTuple):
    """What an entity becomes: an item of that type, in that stage. None of ours: it keeps the recorder's name.

    `model` is where `models_used` has its model.
    """

    item_type: ItemType | None
    stage: int | None
    model: str | None = None
    media_type: MediaType = MediaType.METADATA


_INPUT = Kind(ItemType.USER_INPUT_TEXT, 1)
_CHECK = Kind(ItemType.STAGE1_SAFETY_CHECK, 1, "stage1_safety")
_IMAGE = Kind(ItemType.OUTPUT_IMAGE, 4, "stage4_output")
_CODE = Kind(ItemType.OUTPUT_CODE, 4, "stage4_output")
_TEXT_OF_STAGE_2 = Kind(None, 2, None, MediaType.TEXT)

KINDS: Mapping[str, Kind] = {
    "config_used": Kind(ItemType.PIPELINE_START, 0),
    "input": _INPUT,
    "input_text": _INPUT,
    "input_image": Kind(ItemType.USER_INPUT_IMAGE, 1),
    "context_prompt": _TEXT_OF_STAGE_2,
    "translation": Kind(ItemType.TRANSLATION_RESULT, 1),
    "translation_en": Kind(ItemType.TRANSLATION_RESULT, 3, "stage3_translation"),
    "safety": _CHECK,
    "stage1_output": _CHECK,
    "interception": Kind(ItemType.INTERCEPTION_FINAL, 2, "stage2_interception"),
    "optimized_prompt": _TEXT_OF_STAGE_2,
    "safety_pre_output": Kind(ItemType.STAGE3_SAFETY_CHECK, 3),
    "generation_prompt": Kind(None, 4, None, MediaType.TEXT),
    "output_image": _IMAGE,
    "output_image_composite": _IMAGE,
    "output_image_comparison": _IMAGE,
    "output_audio": Kind(ItemType.OUTPUT_AUDIO, 4, "stage4_output"),
    "output_music": Kind(ItemType.OUTPUT_MUSIC, 4, "stage4_output"),
    "output_video": Kind(ItemType.OUTPUT_VIDEO, 4, "stage4_output"),
    "output_3d": Kind(ItemType.OUTPUT_3D, 4, "stage4_output"),
    "output_code": _CODE,
    "p5": _CODE,
    "tonejs": _CODE,
    "sonicpi": _CODE,
    "midi": Kind(ItemType.OUTPUT_MUSIC, 4, "stage4_output"),
    "workflow": Kind(None, 4),
    "workflow_archive": Kind(None, 4),
    "latent_lab_params": Kind(None, 4),
    "latent_lab_step": Kind(None, 4),
}
"""By the recorder's name for it."""

NODES: Mapping[str, Kind] = {
    "input": _INPUT,
    "image_input": Kind(ItemType.USER_INPUT_IMAGE, 1),
    "interception": KINDS["interception"],
    "translation": KINDS["translation"],
    "random_prompt": _TEXT_OF_STAGE_2,
    "generation": _IMAGE,
}
"""By the type of a canvas node, where the entity's own name says nothing."""

PARTS_OF_AN_OUTPUT = frozenset({"output_image_composite", "output_image_comparison"})
"""What is made of the outputs before it: no output of its own."""

ERROR = "error"

BLOCKED_AT: Mapping[int, ItemType] = {
    1: ItemType.STAGE1_BLOCKED,
    3: ItemType.STAGE3_BLOCKED,
    4: ItemType.OUTPUT_BLOCKED,
}
"""By the stage of the check that said no."""

_SAFE = ("safe", "is_safe", "passed")
_STAGE = re.compile(r"[1-4]")

_OUTPUT_OF_MEDIUM = {
    "image": ItemType.OUTPUT_IMAGE,
    "audio": ItemType.OUTPUT_AUDIO,
    "video": ItemType.OUTPUT_VIDEO,
    "model": ItemType.OUTPUT_3D,
}
_LANGUAGE = re.compile(r"(.+)_([a-z]{2})")
_NUMBERED = re.compile(r"(.+?)_?\d{1,2}")


def kind_of(name: str | None, metadata: Mapping[str, Any], media_format: str | None) -> Kind:
    """What an entity is, by its name, else by its canvas node, else by what its file is.

    >>> kind_of("context_prompt_de", {}, None).stage, kind_of("a_later_type", {}, None).item_type
    (2, None)
    """
    kind = _named(name) or _of_node(metadata.get("node_type"))
    medium = (media_format or "").partition("/")[0]
    if kind is None:
        return Kind(None, None, None, _medium(medium))
    if kind.item_type is ItemType.USER_INPUT_TEXT and medium == "image":
        return KINDS["input_image"]
    if kind == _IMAGE and _named(name) is None and medium in _OUTPUT_OF_MEDIUM:
        return kind._replace(item_type=_OUTPUT_OF_MEDIUM[medium])
    return kind._replace(media_type=_medium(medium)) if kind.item_type is None and medium else kind


def language_of(name: str | None) -> str | None:
    """The language at the end of an entity's name, where what stands before it is one, too.

    >>> language_of("context_prompt_de"), language_of("translation_en"), language_of("input")
    ('de', 'en', None)
    """
    found = _LANGUAGE.fullmatch(name or "")
    return found[2] if found and found[1] in KINDS else None


def plain_name(name: str) -> str:
    """The name of an entity that is no type of ours, without its language.

    >>> plain_name("context_prompt_de"), plain_name("a_later_type")
    ('context_prompt', 'a_later_type')
    """
    return name.rpartition("_")[0] if language_of(name) else name


def _named(name: str | None) -> Kind | None:
    """The kind of a name, also with a language or a number behind it: `interception_de`, `input_image2`."""
    if name is None or name in KINDS:
        return KINDS.get(name or "")
    for ending in (_LANGUAGE, _NUMBERED):
        found = ending.fullmatch(name)
        if found and found[1] in KINDS:
            return KINDS[found[1]]
    return None


def _of_node(node_type: Any) -> Kind | None:
    return NODES.get(node_type) if isinstance(node_type, str) else None


def _medium(medium: str) -> MediaType:
    known = {"image": MediaType.IMAGE, "audio": MediaType.AUDIO, "video": MediaType.VIDEO, "model": MediaType.MODEL_3D}
    return known.get(medium, MediaType.TEXT if medium == "text" else MediaType.METADATA)


def is_a_persons(kind: Kind) -> bool:
    """Whether something is a text that a person wrote, or is shown to change before it is handed on."""
    return kind.stage in (1, 2) and kind.item_type in (None, ItemType.USER_INPUT_TEXT, ItemType.INTERCEPTION_FINAL)


def said_by(metadata: Mapping[str, Any], model: Any = None) -> dict[str, Any]:
    """Configuration, backend, model and time of an item, by whichever name they were said; `model` where none was.

    >>> said_by({"config": "sd35_large", "model_id": "sd3.5"})["model_used"]
    'sd3.5'
    """
    seconds = metadata.get("execution_time")
    return {
        "config_used": _first(metadata, "config_used", "output_config", "config"),
        "backend_used": _first(metadata, "backend_used", "backend_type", "backend"),
        "execution_time": seconds if type(seconds) in (int, float) else None,
        "model_used": _first(metadata, "model_used", "model", "model_id") or model,
    }


def with_body(metadata: Mapping[str, Any], content: Any) -> dict[str, Any]:
    """The metadata with what the entity holds: its fields, where it has some that do not say something else.

    >>> with_body({"codes": ["a"]}, {"safe": True}), with_body({}, "a text")
    ({'safe': True, 'codes': ['a']}, {'said': 'a text'})
    """
    if content is None:
        return dict(metadata)
    if isinstance(content, Mapping) and not any(metadata.get(name, content[name]) != content[name] for name in content):
        return {**content, **metadata}
    return {**metadata, "said": content}


def with_verdict(said: dict[str, Any]) -> dict[str, Any]:
    """What a check said, its verdict as `safe`, where it has one by whichever name.

    >>> with_verdict({"passed": False})
    {'safe': False, 'passed': False}
    """
    verdict = next((said[name] for name in _SAFE if isinstance(said.get(name), bool)), None)
    return said if verdict is None else {"safe": verdict, **said}


def is_block(said: Mapping[str, Any]) -> bool:
    """Whether what was saved as an error is none: a check that said no.

    >>> is_block({"error_type": "safety_blocked"}), is_block({"error_type": "api_error"})
    (True, False)
    """
    kind = said.get("error_type")
    return isinstance(kind, str) and ("block" in kind.casefold() or kind.casefold().startswith("safety"))


def stage_of_error(said: Mapping[str, Any]) -> int | None:
    """The stage at which an error says that it happened.

    >>> stage_of_error({"stage": "vlm_safety"}), stage_of_error({"stage": 3}), stage_of_error({})
    (4, 3, None)
    """
    stage = said.get("stage")
    if isinstance(stage, str) and "vlm" in stage.casefold():
        return 4  # it looks at finished pictures
    found = _STAGE.search(str(stage)) if isinstance(stage, int | str) else None
    return int(found[0]) if found else None


def is_part_of_output(name: str | None, metadata: Mapping[str, Any], prompt_id: Any) -> bool:
    """Whether an output belongs to the one before it, which was made by call `prompt_id`."""
    made_by, index = metadata.get("prompt_id"), metadata.get("file_index")
    is_further_file = type(index) is int and index > 0
    return name in PARTS_OF_AN_OUTPUT or is_further_file or (made_by is not None and made_by == prompt_id)


def _first(metadata: Mapping[str, Any], *names: str) -> str | None:
    return next((metadata[name] for name in names if isinstance(metadata.get(name), str) and metadata[name]), None)
