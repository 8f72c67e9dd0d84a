"""Tell a run as a story that people read from top to bottom: chapters of boxes, timeline, calls.

Pure: the same record gives the same story, and nothing is read from anywhere. Media are those in `record.attachments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from exporters.errors import UnknownOption
from exporters.remarks.annotated import annotation_of
from exporters.story.boxes import box_of
from exporters.story.calls import calls_of
from exporters.story.parts import Chapter, Parameter, joined
from exporters.story.readable import language_code, readable, seconds, visible, visible_line
from exporters.story.remarks import remarks_in_words
from exporters.story.story import Story
from exporters.story.timeline import run_seconds, timeline_of
from exporters.story.untranslated import Marks, Stop, marks_of
from exporters.story.words import words_of
from otel_tracking.audience import AUDIENCES_OF_DOCUMENTS, Audience, Content
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import ItemType
from otel_tracking.view import View, is_quiet, view_of

_HEAD = ("execution_id", "config_name", "timestamp", "total_execution_time", "execution_mode", "safety_level")
_PEOPLE = ("user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues")
_PROOF = ("trace_id", "used_seed", "finish_reason", "outputs_generated", "stages_completed", "span_count", "item_count")
_TROUBLE = ("dropped", "lossy_values", "late_spans")
_VERSIONS = ("revision", "taxonomy_version", "schema_version")

_TONES = {Status.COMPLETED: "good", Status.PARTIAL: "stop", Status.BLOCKED: "stop", Status.ERROR: "bad"}
_SOURCES = frozenset({ItemType.USER_INPUT_TEXT, ItemType.TRANSLATION_RESULT, ItemType.USER_EDIT})

_Told = tuple[ExecutionItem, str | None]
"""An item, and what it was given where that is not what was there before."""


def story_of(record: ExecutionRecord, *, language: str = "en", audience: str = Audience.RESEARCHER) -> Story:
    """The story of a record, in `en` or `de`, for a `researcher` or a `student`.

    Raises `UnknownOption` for another language or audience.
    """
    words = words_of(language)
    if audience not in AUDIENCES_OF_DOCUMENTS:
        offer = " or ".join(AUDIENCES_OF_DOCUMENTS)
        raise UnknownOption(f"documents are not made for {audience!r:.40}, but for {offer}")
    view, marks = view_of(record, audience), marks_of(record)
    in_full = view.is_for(Content.PARAMETERS)

    return Story(
        language=language,
        audience=audience,
        title=visible_line(record.config_name or record.execution_id),
        execution_id=visible_line(record.execution_id),
        moment=record.timestamp,
        status=visible_line(record.status),
        tone=_TONES.get(record.status, "plain"),  # type: ignore[call-overload]  # a StrEnum is its value
        outcome=_outcome(record, words, view),
        languages=languages_of(record, marks),
        facts=_facts(record, words, view),
        remarks=remarks_in_words(annotation_of(record), words) if view.is_for(Content.REMARK) else (),
        asked=record.metadata if in_full else None,
        items=len(record.items),
        spans=len(record.spans),
        completeness=_completeness(record, words) if in_full else "",
        chapters=tuple(_chapters(record, words, view, marks)),
        timeline=timeline_of(record, words),
        duration=run_seconds(record),
        calls=calls_of(record, words) if view.is_for(Content.CALL) else (),
        words=words,
        record=record if in_full else None,
    )


def _outcome(record: ExecutionRecord, words: Mapping[str, str], view: View) -> str:
    """What came of the run in a sentence or two."""
    hops = sum(item.item_type == ItemType.INTERCEPTION_ITERATION for item in record.items)
    told = joined(
        _counted(hops, words["one hop"], words["hops"]),
        _counted(record.outputs_generated, words["one output"], words["outputs"]),
        seconds(record.total_execution_time),
        _message(record.error) if view.is_for(Content.ERROR) else "",
    )
    parts = [words.get(str(record.status), visible_line(record.status)), told]
    return " ".join(part for part in parts if part)


def _counted(number: Any, one: str, many: str) -> str:
    if type(number) is not int or number < 1:
        return ""
    return one if number == 1 else f"{number} {many}"


def _message(error: Any) -> str:
    if isinstance(error, Mapping):
        error = error.get("error_message") or error.get("message") or error.get("error_type")
    return visible_line(error)[:500] if error else ""


def languages_of(record: ExecutionRecord, marks: Mapping[int, Marks]) -> tuple[Stop, ...]:
    """The languages that the text went through, from the first on; `marks` are those of the record (`marks_of`)."""
    stops: list[Stop] = []
    for item in record.items:
        if item.item_type in (ItemType.INTERCEPTION_ITERATION, ItemType.TRANSLATION_RESULT):
            said = item.metadata if isinstance(item.metadata, Mapping) else {}
            into = language_code(said.get("to_lang"))
            if into:
                start = [Stop(language_code(said.get("from_lang")) or "?")] if not stops else []
                stops += [*start, Stop(into, marks[id(item)].made)]
    return tuple(stops)


def _facts(record: ExecutionRecord, words: Mapping[str, str], view: View) -> tuple[Parameter, ...]:
    if not view.is_for(Content.PARAMETERS):
        return tuple(_named(record, ("execution_id", "config_name", "timestamp", "total_execution_time"), words))
    rest = [
        Parameter(words[label], readable(value))
        for label, value in (
            ("error_details", record.error),
            ("links", list(record.links)),
            ("metadata", record.metadata),
        )
        if value
    ]
    trouble = [name for name in _TROUBLE if getattr(record, name)]
    return (*_named(record, (*_HEAD, *_PEOPLE, *_PROOF, *trouble, *_VERSIONS), words), *rest)


def _named(record: ExecutionRecord, names: tuple[str, ...], words: Mapping[str, str]) -> list[Parameter]:
    """The fields of those names that have a value."""
    values = [(name, getattr(record, name)) for name in names]
    return [Parameter(words[name], _fact(name, value)) for name, value in values if value not in (None, "", ())]


def _fact(name: str, value: Any) -> str:
    if name == "timestamp":
        return str(value.isoformat(sep=" "))
    if name == "total_execution_time":
        return seconds(value) or readable(value)
    return ", ".join(map(str, value)) if name == "stages_completed" else readable(value)


def _completeness(record: ExecutionRecord, words: Mapping[str, str]) -> str:
    lost = {"dropped": record.dropped, "late": record.late_spans, "lossy": record.lossy_values}
    if any(lost.values()):
        return words["incomplete"].format(**lost)
    return words["complete"].format(items=f"{len(record.items):,}", spans=f"{len(record.spans):,}")


def _chapters(
    record: ExecutionRecord, words: Mapping[str, str], view: View, marks: Mapping[int, Marks]
) -> Iterator[Chapter]:
    """Items in order, those of one stage or of one output together; what only marks the way is left out."""
    shown = [told for told in _handed_on(record.items, view) if not is_quiet(told[0], view.audience)]
    for (output, stage), group in groupby(shown, key=_place):
        together = list(group)
        config = next((visible_line(item.config_used) for item, _ in together if item.config_used), "")
        boxes = (
            box_of(
                item,
                record.attachments,
                words,
                withheld=view.why(item),
                with_parameters=view.is_for(Content.PARAMETERS),
                given=given,
                marks=marks[id(item)],
            )
            for item, given in together
        )
        yield Chapter(_title(output, stage, config, words), stage, output, config, tuple(boxes))


def _handed_on(items: Iterable[ExecutionItem], view: View) -> Iterator[_Told]:
    """Each item, and with a hop that was not given what was there before it, what it was given instead.

    A text that is withheld where it was made is so where it was given, too.
    """
    before = None
    for item in items:
        is_hop = item.item_type == ItemType.INTERCEPTION_ITERATION
        is_another = is_hop and None not in (item.input_text, before) and item.input_text != before
        is_shown = is_another and view.shows(replace(item, content=item.input_text))
        yield item, visible(item.input_text) if is_shown else None
        if is_hop or item.item_type in _SOURCES:
            before = item.content


def _place(told: _Told) -> tuple[int | None, int | None]:
    """Everything of one output is one chapter, whatever its stages."""
    item = told[0]
    return (item.loop_iteration, None) if item.loop_iteration is not None else (None, item.stage)


def _title(output: int | None, stage: int | None, config: str, words: Mapping[str, str]) -> str:
    if output is not None:
        return joined(f"{words['output']} {output}", config)
    if stage is None:
        return words["item"]
    return words.get(f"stage {stage}", f"{words['stage']} {stage}")
