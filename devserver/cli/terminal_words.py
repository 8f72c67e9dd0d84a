"""The words and colours with which runs are shown, the same in every command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_tracking import ItemType, Status

STATUS_STYLES: Mapping[str, str] = {
    Status.COMPLETED: "green",
    Status.PARTIAL: "yellow",
    Status.BLOCKED: "yellow",
    Status.ERROR: "red",
    Status.CANCELLED: "magenta",
    Status.INTERRUPTED: "magenta",
}

STATUS_SENTENCES: Mapping[str, str] = {
    Status.COMPLETED: "everything that was asked for was made",
    Status.PARTIAL: "some outputs were made, some failed or were blocked",
    Status.BLOCKED: "a safety check stopped the run: an outcome, not an error",
    Status.ERROR: "an error ended the run",
    Status.CANCELLED: "the run was stopped",
    Status.INTERRUPTED: "the process ended before the run did",
}

STAGE_TITLES = {
    0: "Start",
    1: "Translation and safety",
    2: "Interception",
    3: "Safety of the output",
    4: "Output",
    5: "End",
}

ITEM_WORDS: Mapping[str, str] = {
    ItemType.USER_INPUT_TEXT: "prompt",
    ItemType.USER_INPUT_IMAGE: "image given",
    ItemType.TRANSLATION_RESULT: "translated",
    ItemType.STAGE1_SAFETY_CHECK: "safety",
    ItemType.STAGE1_SAFETY_CHECK_IMAGE: "safety",
    ItemType.STAGE1_BLOCKED: "blocked",
    ItemType.INTERCEPTION_ITERATION: "hop",
    ItemType.INTERCEPTION_FINAL: "final text",
    ItemType.STAGE3_SAFETY_CHECK: "safety",
    ItemType.STAGE3_BLOCKED: "blocked",
    ItemType.OUTPUT_IMAGE: "image",
    ItemType.OUTPUT_AUDIO: "audio",
    ItemType.OUTPUT_MUSIC: "music",
    ItemType.OUTPUT_VIDEO: "video",
    ItemType.OUTPUT_3D: "3D model",
    ItemType.OUTPUT_CODE: "code",
    ItemType.OUTPUT_FAILED: "failed",
    ItemType.OUTPUT_BLOCKED: "blocked",
    ItemType.PIPELINE_ERROR: "error",
    ItemType.BACKEND_FALLBACK: "fallback",
    ItemType.USER_EDIT: "edited",
    ItemType.RESEARCH_LOOKUP: "looked up",
}
"""What an item is called beside its text; other items keep their type's name."""

QUIET_ITEMS = frozenset({ItemType.PIPELINE_START, ItemType.PIPELINE_COMPLETE, ItemType.STAGE_TRANSITION})
"""Items that say nothing a reader of the journey does not see anyway."""

BAD_ITEMS = frozenset({ItemType.PIPELINE_ERROR, ItemType.OUTPUT_FAILED})


def languages(metadata: Any) -> str:
    """`de → en` where an item's metadata says from which language to which; else empty.

    >>> languages({"from_lang": "de", "to_lang": "en"})
    'de → en'
    """
    if not isinstance(metadata, dict):
        return ""
    from_lang, to_lang = metadata.get("from_lang"), metadata.get("to_lang")
    return f"{from_lang or '?'} → {to_lang or '?'}" if from_lang or to_lang else ""


def engine(backend: Any, model: Any) -> str:
    """Who did it, once: `apertium eng-spa`, or whatever of the two is known.

    >>> engine("apertium", "apertium-eng-spa"), engine("ollama", "mistral-nemo"), engine(None, None)
    ('apertium-eng-spa', 'ollama mistral-nemo', '')
    """
    names = [str(name) for name in (backend, model) if name]
    if len(names) == 2 and names[1].startswith(names[0]):
        return names[1]
    return " ".join(names)


def verdict(metadata: Any) -> str:
    """What a safety check found, in words; empty where it does not say.

    >>> verdict({"safe": True}), verdict({"safe": False, "codes": ["§86a"], "found_terms": ["isis"]})
    ('safe', 'not safe: §86a (isis)')
    """
    if not isinstance(metadata, dict) or "safe" not in metadata:
        return ""
    if metadata["safe"]:
        return "safe"
    codes, terms = (", ".join(map(str, metadata.get(name) or ())) for name in ("codes", "found_terms"))
    reason = f"{codes} ({terms})" if codes and terms else codes or terms
    return f"not safe: {reason}" if reason else "not safe"
