"""Tell one run by its record as it leaves: a stage for each time that one was entered, in the order of time.

Stages 3 and 4 are entered once for each output, all others once; the hops of an interception are results of its stage.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from exporters.collections.journey import ON_THE_WAY
from exporters.dataset.crate.told import RunTold, StageTold, Thing, Tool
from exporters.story.boxes import box_of
from exporters.story.letters import cut
from exporters.story.readable import readable, visible_line
from exporters.story.words import words_of
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord
from otel_tracking.taxonomy import (
    BLOCKED_TYPES,
    CHECK_TYPES,
    FAILURE_TYPES,
    MARKER_TYPES,
    OUTPUT_TYPES,
    STAGE_NAMES,
    ItemType,
)

LONGEST = 2_000
"""Signs of a text that are told; the tables have it whole."""

_GIVEN = frozenset({ItemType.USER_INPUT_TEXT, ItemType.USER_INPUT_IMAGE})
WENT_WRONG = BLOCKED_TYPES | FAILURE_TYPES
DID_NOT_END = frozenset({Status.BLOCKED, Status.ERROR, Status.CANCELLED, Status.INTERRUPTED})
_ENGLISH = words_of("en")


class _Place(NamedTuple):
    """A stage of a run, and the output it was entered for."""

    stage: int
    output: int | None


@dataclass(slots=True)
class _Entered:
    """What belongs to one stage, as it is found."""

    items: list[ExecutionItem] = field(default_factory=list)
    spans: list[SpanRecord] = field(default_factory=list)
    calls: list[SpanRecord] = field(default_factory=list)


def told_of(record: ExecutionRecord, name: str, files: Collection[str] = ()) -> RunTold:
    """The run, called `name`; `files` are the paths of its media that are in the dataset."""
    entered = _entered(record)
    things = {item.sequence_number: thing for item in record.items if (thing := _thing(item, files))}
    stages = sorted((_stage(place, found, record, things) for place, found in entered.items()), key=_in_time)
    start, end = record.timestamp, later(record.timestamp, record.total_execution_time)
    error = _error_of_run(record)
    if error and stages and not any(stage.error for stage in stages):
        stages[-1] = replace(stages[-1], error=error)
    return RunTold(
        name=name,
        config=visible_line("" if record.config_name is None else record.config_name),
        stages=tuple(stages),
        start=start,
        end=max([end, *(stage.end for stage in stages)]),
        error=error,
        agent=visible_line("" if record.user_id is None else record.user_id),
        seed=visible_line("" if record.used_seed is None else record.used_seed),
    )


def _place_of(part: ExecutionItem | SpanRecord) -> _Place | None:
    """The stage that an item or a span belongs to; None where it is in none of the four."""
    if type(part.stage) is not int or part.stage not in STAGE_NAMES:
        return None
    return _Place(part.stage, part.loop_iteration if part.stage in (3, 4) else None)


def later(moment: dt.datetime, seconds: object) -> dt.datetime:
    """The moment after some seconds; the same where that is no number, or no time any more.

    >>> later(dt.datetime(9999, 12, 31), 1e9), later(dt.datetime(2026, 1, 1), "soon")
    (datetime.datetime(9999, 12, 31, 0, 0), datetime.datetime(2026, 1, 1, 0, 0))
    """
    try:
        return moment + dt.timedelta(seconds=max(0.0, float(str(seconds))))
    except (TypeError, ValueError, OverflowError):
        return moment


def _entered(record: ExecutionRecord) -> dict[_Place, _Entered]:
    found: dict[_Place, _Entered] = {}
    for item in record.items:
        place = _place_of(item)
        if place and item.item_type not in MARKER_TYPES:
            found.setdefault(place, _Entered()).items.append(item)
    for span in record.spans:
        if (place := _place_of(span)) is None:
            continue
        if span.name == STAGE_NAMES[place.stage]:
            found.setdefault(place, _Entered()).spans.append(span)
        elif span.kind == "client":
            found.setdefault(place, _Entered()).calls.append(span)
    return found


def _stage(place: _Place, found: _Entered, record: ExecutionRecord, things: Mapping[int, Thing]) -> StageTold:
    start, end = _times(found)
    given = [item for item in found.items if item.item_type in _GIVEN]
    made = [item for item in found.items if item.item_type not in _GIVEN]
    used = _things(given, things) or _things(_sources(found.items, record, things), things)
    return StageTold(
        stage=place.stage,
        output=place.output,
        tools=_tools(found),
        start=start,
        end=end,
        used=used,
        made=_things(made, things),
        error=_error_of_stage(found),
    )


def _times(found: _Entered) -> tuple[dt.datetime, dt.datetime]:
    """From the spans of the stage; where there are none, from what was called and logged."""
    spans = found.spans or found.calls
    starts = [span.timestamp for span in spans] or [item.timestamp for item in found.items]
    ends = [later(span.timestamp, span.execution_time) for span in spans] or [item.timestamp for item in found.items]
    return min(starts), max(ends)


def _tools(found: _Entered) -> tuple[Tool, ...]:
    """The engines, each with its models; without one where none was named anywhere."""
    parts: list[ExecutionItem | SpanRecord] = [*found.items, *found.calls]
    named = {
        Tool(visible_line(part.backend_used), visible_line(part.model_used or ""))
        for part in parts
        if part.backend_used
    }
    with_models = {tool.backend for tool in named if tool.model}
    return tuple(sorted(tool for tool in named if tool.model or tool.backend not in with_models))


def _sources(
    items: Sequence[ExecutionItem], record: ExecutionRecord, things: Mapping[int, Thing]
) -> list[ExecutionItem]:
    """Where the texts that a stage was given were made: in an earlier stage, or else the last text before it."""
    own = {item.sequence_number for item in items}
    first = min(own, default=0)
    before = [item for item in record.items if item.sequence_number < first and item.sequence_number in things]
    texts = {item.content: item for item in before if isinstance(item.content, str) and item.item_type in ON_THE_WAY}
    asked = [item.input_text for item in items if isinstance(item.input_text, str)]
    found = {texts[text].sequence_number: texts[text] for text in asked if text in texts}
    return list(found.values()) or list(texts.values())[-1:]


def _things(items: Sequence[ExecutionItem], things: Mapping[int, Thing]) -> tuple[Thing, ...]:
    return tuple(things[item.sequence_number] for item in items if item.sequence_number in things)


def _thing(item: ExecutionItem, files: Collection[str]) -> Thing | None:
    """What an item brought; None where it only says that something happened."""
    name = visible_line(item.item_type)
    if item.media and isinstance(item.file_path, str) and item.file_path in files:
        return Thing(
            number=item.sequence_number,
            name=name,
            path=item.file_path,
            media_type=visible_line(item.media.type or ""),
            size=item.media.bytes if type(item.media.bytes) is int else None,
            sha256=visible_line(item.media.sha256 or ""),
        )
    if item.item_type not in ON_THE_WAY | CHECK_TYPES | OUTPUT_TYPES:
        return None
    box = box_of(item, {}, _ENGLISH, with_parameters=False)
    text = box.text if len(box.text) <= LONGEST else f"{cut(box.text, LONGEST)} …"
    return Thing(number=item.sequence_number, name=name, value=text, language=box.language or "") if text else None


def _error_of_stage(found: _Entered) -> str:
    for item in found.items:
        if item.item_type in WENT_WRONG:
            box = box_of(item, {}, _ENGLISH)
            return ": ".join(filter(None, (box.label, visible_line(box.text))))
    return next((_error(span.error) for span in found.spans if span.error), "")


def _error_of_run(record: ExecutionRecord) -> str:
    if record.status not in DID_NOT_END:
        return ""
    return ": ".join(filter(None, (f"the run ended: {visible_line(record.status)}", _error(record.error))))


def _error(error: Any) -> str:
    if not error:
        return ""
    if not isinstance(error, Mapping):
        return visible_line(readable(error))
    return ": ".join(visible_line(error[name]) for name in ("type", "message") if error.get(name))


def _in_time(stage: StageTold) -> tuple[dt.datetime, int, str]:
    return stage.start, stage.stage, str(stage.output)
