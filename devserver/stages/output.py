"""Stage 4: make one output, and keep every parameter that made it."""

from __future__ import annotations

from devserver.configs.model import OutputConfig
from devserver.requests import OutputResult
from devserver.stages.making import ask_maker, find_maker
from devserver.stages.task import Task
from devserver.stages.texts import Text
from otel_tracking import ItemType
from otel_tracking.scopes import Stage

ITEM_TYPES = {
    "image": ItemType.OUTPUT_IMAGE,
    "audio": ItemType.OUTPUT_AUDIO,
    "music": ItemType.OUTPUT_MUSIC,
    "video": ItemType.OUTPUT_VIDEO,
    "3d": ItemType.OUTPUT_3D,
    "code": ItemType.OUTPUT_CODE,
}
"""The item type of each medium a configuration may ask for."""


def make_output(stage: Stage, number: int, wanted: OutputConfig, text: Text, task: Task) -> OutputResult:
    """Output `number`, made and logged."""
    maker = find_maker(task.engines, wanted.engine, f"output {wanted.name}")
    seed = task.seeds.of_output(number)
    parameters = {**wanted.parameters, **task.request.parameters}
    configured = {**parameters, "seed": task.seeds.configured(wanted.seed)}

    made = ask_maker(stage, maker, text.content, seed, parameters, configured)
    used_seed = seed if made.used_seed is None else made.used_seed
    for file in made.files:
        stage.item(
            ITEM_TYPES[wanted.medium],
            media=file.content if isinstance(file.content, bytes) else file.content.encode(),
            media_format=file.media_format,
            input_text=text.content,
            metadata={
                **(parameters if made.passed is None else made.passed),
                **made.facts,
                **file.facts,
                "seed": used_seed,
                "engine_version": made.engine_version,
            },
        )
    return OutputResult(number=number, config_used=wanted.name, status="made", files=tuple(made.files), seed=used_seed)
