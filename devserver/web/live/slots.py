"""Which boxes a run has: those that its configuration leads to expect, and those that came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from otel_tracking import attributes as names
from otel_tracking.plan import hops_in, plan_of
from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord
from otel_tracking.taxonomy import MARKER_TYPES, OUTPUT_TYPES, RULES, STAGE_NAMES, ItemType

MOST_PLANNED = 100
"""Boxes that are shown before anything is in them."""

_PLACES = frozenset({*STAGE_NAMES.values(), "stage", names.ITERATION_SPAN})
_BLOCKS = frozenset({ItemType.STAGE1_BLOCKED, ItemType.STAGE3_BLOCKED})
_MEDIA = {"image", "audio", "music", "video", "3d", "code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for one box. `item` is what is in it, `verdict` an item that says it was blocked.

    `span` is the one whose work fills it, where that has begun.
    """

    key: str
    chapter: str
    order: str
    item_type: str
    stage: int | None = None
    hop: int | None = None
    output: int | None = None
    config: Any = None
    item: ExecutionItem | None = None
    verdict: ExecutionItem | None = None
    span: SpanRecord | None = None


def slots_of(record: ExecutionRecord) -> list[Slot]:
    """The slots of a run in their order, filled as far as it has come."""
    slots = {slot.key: slot for slot in _planned(plan_of(record))}
    for item in record.items:
        if item.item_type not in MARKER_TYPES:
            _place(slots, item)
    spans = _spans_by_place(record)
    filled = [replace(slot, span=span) if (span := _span_of(slot, spans)) else slot for slot in slots.values()]
    return sorted(filled, key=lambda slot: slot.order)


def _planned(plan: Mapping[str, Any]) -> Iterator[Slot]:
    if not plan:
        return
    yield _slot("user_input_text")
    yield _slot("stage1_safety_check")
    if plan.get("translate_first"):
        yield _slot("translation_result")
    for hop in range(1, min(hops_in(plan), MOST_PLANNED) + 1):
        yield _slot("interception_iteration", hop=hop)
    yield _slot("interception_final")
    if not outputs_of(plan):
        yield _slot("stage3_safety_check")
    for number, wanted in enumerate(outputs_of(plan)[:MOST_PLANNED], start=1):
        medium = wanted.get("medium") if wanted.get("medium") in _MEDIA else "image"
        for item_type in ("stage3_safety_check", f"output_{medium}"):
            yield replace(_slot(item_type, output=number), config=wanted.get("name"))


def outputs_of(plan: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The outputs that a configuration asks for."""
    outputs = plan.get("outputs")
    listed = outputs if isinstance(outputs, list | tuple) else ()
    return [wanted for wanted in listed if isinstance(wanted, Mapping)]


@lru_cache(maxsize=1024)  # a page of a run under way asks for all of them with each event
def _slot(item_type: str, *, hop: int | None = None, output: int | None = None) -> Slot:
    """The slot for the first item of that type in its place."""
    stage = RULES[ItemType(item_type)].stages[0]
    name = "made" if item_type in OUTPUT_TYPES else item_type
    return _slot_at(_key(name, stage, hop, output), item_type, name, stage, hop, output)


def _slot_at(
    key: str, item_type: str, name: str, stage: int | None, hop: int | None, output: int | None, number: int = 0
) -> Slot:
    """A slot in its place; `number` sorts it behind others of that name there."""
    chapter = f"o{output}" if output is not None else f"s{stage}"
    chapter_order = f"3 {output:05d}" if output is not None else f"{stage if stage in (0, 1, 2) else 4} 00000"
    return Slot(
        key=key,
        chapter=chapter,
        order=f"{chapter_order} {_RANKS.get(name, 80):02d} {hop or 0:05d} {number:05d}",
        item_type=item_type,
        stage=None if output is not None else stage,
        hop=hop,
        output=output,
    )


_RANKS = {
    "user_input_text": 10,
    "user_input_image": 20,
    "stage1_safety_check": 30,
    "stage1_safety_check_image": 35,
    "translation_result": 40,
    "interception_iteration": 50,
    "interception_final": 60,
    "stage3_safety_check": 10,
    "made": 50,
}
"""Where a box stands in its chapter; others come at the end, as they came."""


def _key(name: str, stage: int | None, hop: int | None, output: int | None) -> str:
    place = f"o{output}" if output is not None else f"s{stage}"
    return f"{place}-{name}" if hop is None else f"{place}-{name}-{hop}"


def key_of_work(stage: int | None, hop: int | None, output: int | None) -> str:
    """The key of the box that work at this place fills."""
    if output is not None:
        return _key("made" if stage == 4 else "stage3_safety_check", stage, None, output)
    return _key("interception_final" if hop is None else "interception_iteration", stage, hop, None)


def _place(slots: dict[str, Slot], item: ExecutionItem) -> None:
    """Put an item into its slot; where that is taken, into one of its own."""
    stage, hop, output = (_number(value) for value in (item.stage, item.stage_iteration, item.loop_iteration))
    if item.item_type in _BLOCKS and _add_verdict(slots, item, stage, output):
        return
    if item.item_type == ItemType.OUTPUT_BLOCKED and _block_made(slots, item, output):
        return
    is_made = item.item_type in OUTPUT_TYPES or item.item_type == ItemType.OUTPUT_FAILED
    name = "made" if is_made else str(item.item_type)
    key = _key(name, 3 if is_made else stage, hop, output)
    slot = slots.get(key)
    if slot is None or slot.item is not None:
        own = key if slot is None else f"{key}-{item.sequence_number}"
        slot = _slot_at(own, str(item.item_type), name, stage, hop, output, _number(item.sequence_number) or 0)
    slots[slot.key] = replace(slot, item=item, config=slot.config or item.config_used)


def _add_verdict(slots: dict[str, Slot], item: ExecutionItem, stage: int | None, output: int | None) -> bool:
    """Let the check's own box say that it stopped the run, where there is one."""
    check = "stage1_safety_check" if item.item_type == ItemType.STAGE1_BLOCKED else "stage3_safety_check"
    slot = slots.get(_key(check, stage, None, output))
    if slot is None or slot.item is None:
        return False
    slots[slot.key] = replace(slot, verdict=item)
    return True


def _block_made(slots: dict[str, Slot], item: ExecutionItem, output: int | None) -> bool:
    of_output = [slot for slot in slots.values() if slot.output == output and slot.item]
    made = [slot for slot in of_output if slot.item_type in OUTPUT_TYPES]
    for slot in made:
        slots[slot.key] = replace(slot, verdict=item)
    return bool(made)


_Places = Mapping[tuple[Any, Any, Any], SpanRecord]


def _spans_by_place(record: ExecutionRecord) -> _Places:
    """Spans by stage, hop and output; the stage's own where hop is None."""
    found = {}
    for span in record.spans:
        if span.name in _PLACES:
            stage = span.stage if span.loop_iteration is None else f"o{span.stage}"
            found[(stage, span.stage_iteration, span.loop_iteration)] = span
    return found


def _span_of(slot: Slot, spans: _Places) -> SpanRecord | None:
    if slot.output is None:
        own = spans.get((slot.stage, slot.hop, None))
        return own if own or slot.hop is not None else None
    stage = 3 if slot.item_type == ItemType.STAGE3_SAFETY_CHECK else 4
    return spans.get((f"o{stage}", None, slot.output))


def _number(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None
