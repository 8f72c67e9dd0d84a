"""The request that would make a stored run once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from devserver.configs import PipelineConfig, Shelf
from devserver.engines import InputImage
from devserver.requests import Request
from devserver.stages.seeds import Seeds
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType

ReadMedia = Callable[[str], tuple[bytes, str] | None]


@dataclass(frozen=True, slots=True)
class Again:
    """A request to repeat a run. `seed` makes the same again; None where no single seed does, or none is needed."""

    request: Request
    seed: int | None


def again(record: ExecutionRecord, read_media: ReadMedia, configs: Shelf) -> Again | None:
    """How to repeat a run; None where it was blocked, its configuration is gone, or what it was given is not there."""
    config = next((config for config in configs.all() if config.name == record.config_name), None)
    prompts = [item.content for item in record.items if item.item_type == ItemType.USER_INPUT_TEXT]
    is_blocked = any(item.item_type == ItemType.STAGE1_BLOCKED for item in record.items)
    if config is None or is_blocked or not prompts or not isinstance(prompts[0], str):
        return None
    images = [_image(item, read_media) for item in record.items if item.item_type == ItemType.USER_INPUT_IMAGE]
    if None in images:
        return None
    request = Request(
        prompt=prompts[0],
        config_name=config.name,
        execution_mode=str(record.execution_mode or "eco"),
        safety_level=str(record.safety_level or "kids"),
        languages=_languages(record, config),
        parameters=_parameters(record),
        images=tuple(image for image in images if image is not None),
        repeats=record.execution_id,
    )
    return Again(request, _seed(record, config))


def with_seed(wanted: Again, *, same: bool) -> Request:
    """The request with the seed that makes the same again, or one that leaves it to chance."""
    return replace(wanted.request, seed=wanted.seed) if same else wanted.request


def leaves_to_chance(config: PipelineConfig) -> bool:
    """Whether a run of a configuration draws a seed where nobody gives one."""
    seeds = [output.seed for output in config.outputs]
    interception = config.interception
    if interception.engine is not None or interception.languages == "random":
        seeds.append(interception.seed)
    return any(not isinstance(seed, int) for seed in seeds)


def can_be_seeded(config: PipelineConfig) -> bool:
    """Whether one seed may stand for all: nothing in the configuration has a seed of its own."""
    return not any(isinstance(seed, int) for seed in (config.interception.seed, *(o.seed for o in config.outputs)))


def _seed(record: ExecutionRecord, config: PipelineConfig) -> int | None:
    """The one seed from which all seeds of the run would come again."""
    used = [
        (item.loop_iteration, item.metadata.get("seed"))
        for item in record.items
        if item.item_type in (*OUTPUT_TYPES, ItemType.INTERCEPTION_FINAL) and isinstance(item.metadata, Mapping)
    ]
    known = [(number, seed) for number, seed in used if type(seed) is int]
    candidate = record.used_seed if type(record.used_seed) is int else known[0][1] if known else None
    if candidate is None:
        return None
    seeds = Seeds(candidate, config)
    return candidate if all(_expected(seeds, number) == seed for number, seed in known) else None


def _expected(seeds: Seeds, number: Any) -> int | None:
    if number is None:
        return seeds.of_interception(seeds.config.interception)
    is_there = type(number) is int and 1 <= number <= len(seeds.config.outputs)
    return seeds.of_output(number) if is_there else None


def _languages(record: ExecutionRecord, config: PipelineConfig) -> tuple[str, ...] | None:
    """The journey that somebody asked for in place of the configuration's."""
    finals = [item.metadata for item in record.items if item.item_type == ItemType.INTERCEPTION_FINAL]
    journey = finals[-1].get("language_sequence") if finals and isinstance(finals[-1], Mapping) else None
    if config.interception.kind != "translation_chain" or not isinstance(journey, list | tuple) or len(journey) < 2:
        return None
    # With its languages said, a journey needs no lot.
    return tuple(map(str, journey[1:]))


def _parameters(record: ExecutionRecord) -> Mapping[str, Any]:
    """The parameters that somebody asked for on top of the configuration's."""
    said = record.metadata.get("parameters") if isinstance(record.metadata, Mapping) else None
    return said if isinstance(said, Mapping) else {}


def _image(item: ExecutionItem, read_media: ReadMedia) -> InputImage | None:
    found = read_media(item.media.sha256) if item.media and item.media.sha256 else None
    said = item.metadata if isinstance(item.metadata, Mapping) else {}
    return InputImage(str(said.get("filename") or "picture"), found[0], found[1]) if found else None
