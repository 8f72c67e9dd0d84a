"""Stage 4: make one output, and keep every parameter that made it."""

from __future__ import annotations

from typing import Any

from devserver.configs.model import OutputConfig
from devserver.engines import MadeFile
from devserver.media_facts import media_facts
from devserver.requests import OutputResult
from devserver.stages.making import MadeBy, Wish, choices_of, make
from devserver.stages.task import Task
from devserver.stages.texts import Text
from otel_tracking import ItemType
from otel_tracking.scopes import CallingScope

ITEM_TYPES = {
    "image": ItemType.OUTPUT_IMAGE,
    "audio": ItemType.OUTPUT_AUDIO,
    "music": ItemType.OUTPUT_MUSIC,
    "video": ItemType.OUTPUT_VIDEO,
    "3d": ItemType.OUTPUT_3D,
    "code": ItemType.OUTPUT_CODE,
}
"""The item type of each medium a configuration may ask for."""


def make_output(stage: CallingScope, number: int, wanted: OutputConfig, text: Text, task: Task) -> OutputResult:
    """Output `number`, made and logged: an item for each file that one answer held."""
    wish = Wish(
        who=f"output {wanted.name}",
        medium=wanted.medium,
        text=text.content,
        seed=task.seeds.of_output(number),
        configured_seed=task.seeds.configured(wanted.seed),
        choices=choices_of(wanted, wanted.name, task),
        retries=wanted.retries,
        images=tuple(task.request.images)[: wanted.images_at_most],
    )
    answer = make(stage, wish, task)
    used_seed = wish.seed if answer.made.used_seed is None else answer.made.used_seed
    for file in answer.made.files:
        stage.item(
            ITEM_TYPES[wanted.medium],
            media=file.content if isinstance(file.content, bytes) else file.content.encode("utf-8", "surrogatepass"),
            media_format=file.media_format,
            input_text=text.content,
            metadata={**_parameters_of(answer), **_facts_of(answer, file), "seed": used_seed},
        )
    return OutputResult(
        number=number, config_used=wanted.name, status="made", files=tuple(answer.made.files), seed=used_seed
    )


def _parameters_of(answer: MadeBy) -> dict[str, Any]:
    """What the output was made with: what the engine was handed, or says that it sent, else what was asked for."""
    made = answer.made
    known = made.passed if made.sent is None else made.sent
    return dict(answer.parameters if known is None else known)


def _facts_of(answer: MadeBy, file: MadeFile) -> dict[str, Any]:
    made = answer.made
    about_file = media_facts(file.content, file.media_format) if isinstance(file.content, bytes) else {}
    found = {**answer.backend.about, **made.facts, **file.facts, "engine_version": made.engine_version}
    return {**found, "file": about_file} if about_file else found
