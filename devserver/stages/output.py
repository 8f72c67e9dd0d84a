"""Stage 4: make one output, and keep every parameter that made it."""

from __future__ import annotations

from devserver.configs.model import OutputConfig
from devserver.engines import Made, Maker
from devserver.errors import PipelineError, suggestion
from devserver.requests import OutputResult
from devserver.stages.interception import Task
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
    seed = task.seeds.of_output(number)
    made = _make(stage, _maker(wanted, task), seed, wanted, text, task)
    media = made.content if isinstance(made.content, bytes) else made.content.encode()

    stage.item(
        ITEM_TYPES[wanted.medium],
        media=media,
        media_format=made.media_format,
        input_text=text.content,
        metadata={**made.passed, **made.facts, "seed": seed, "engine_version": made.engine_version},
    )
    return OutputResult(
        number=number, config_used=wanted.name, status="made", media=media, media_format=made.media_format, seed=seed
    )


def _make(stage: Stage, maker: Maker, seed: int, wanted: OutputConfig, text: Text, task: Task) -> Made:
    parameters = {**wanted.parameters, **task.request.parameters}
    backend = maker.backend_for(parameters)
    configured = {**parameters, "seed": task.seeds.configured(wanted.seed)}
    with stage.backend_call(backend.name, model=backend.model, configured=configured) as call:
        made = maker.make(text.content, seed=seed, parameters=parameters)
        call.passed(made.passed)
        call.response({"engine_version": made.engine_version, **made.facts})
    return made


def _maker(wanted: OutputConfig, task: Task) -> Maker:
    try:
        return task.engines.makers[wanted.engine]
    except KeyError:
        known = suggestion(wanted.engine, task.engines.makers)
        raise PipelineError(f"output {wanted.name} wants engine {wanted.engine!r}; {known}") from None
