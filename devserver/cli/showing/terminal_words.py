"""The words and colours with which the terminal shows runs, shorter than those of documents."""

from __future__ import annotations

from collections.abc import Mapping

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
    # Of earlier recorders
    "context_prompt": "instructions",
    "optimized_prompt": "rewritten",
    "generation_prompt": "sent",
    "latent_lab_params": "settings",
    "latent_lab_step": "step",
}
"""What an item is called beside its text; other items keep their type's name."""
