"""One run as a row of the summary: what is counted and compared once its chapter is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporters.measures.drift import Drift, drift_between
from exporters.story.boxes import made_by
from exporters.story.letters import beginning
from exporters.story.readable import language_code, visible_line
from exporters.story.story import Story
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import BLOCKED_TYPES, CHECK_TYPES, ItemType

_LONGEST_TITLE, _LONGEST_BEGINNING = 60, 90
_MOST_HOPS = 10_000
"""A number beyond it is no place on a way."""
_WAY = frozenset(
    {
        ItemType.USER_INPUT_TEXT,
        ItemType.TRANSLATION_RESULT,
        ItemType.INTERCEPTION_ITERATION,
        ItemType.INTERCEPTION_FINAL,
    }
)
"""The texts of a way, as the journeys of a dataset have them."""


@dataclass(frozen=True, slots=True)
class HopDrift:
    """How far the text of a hop is from the first text of its run."""

    hop: int
    drift: Drift


@dataclass(frozen=True, slots=True)
class Time:
    """How many seconds something took, in which stage and by whom; `language` is that of the text of a hop."""

    seconds: float
    stage: int | None
    engine: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """One run. `number` is its place in the document, `beginning` that of its prompt, where it may be shown."""

    number: int
    execution_id: str
    title: str
    beginning: str
    moment: dt.datetime
    status: str
    tone: str
    seconds: float | None
    languages: tuple[str, ...]
    models: tuple[str, ...]
    user_id: str
    session_id: str
    study_id: str
    drift: tuple[HopDrift, ...]
    stages: tuple[Time, ...]
    engines: tuple[Time, ...]

    @property
    def name(self) -> str:
        """What links lead to."""
        return f"run-{self.number}"


def row_of(number: int, record: ExecutionRecord, story: Story) -> BookRow:
    """The row of a run; nothing is in it that its story does not tell."""
    with_people = story.audience != Audience.STUDENT
    user, session, study = (
        visible_line(getattr(record, name) or "") if with_people else ""
        for name in ("user_id", "session_id", "study_id")
    )
    engines = tuple(_engines(record))
    return BookRow(
        number=number,
        execution_id=story.execution_id,
        title=beginning(story.title, _LONGEST_TITLE),
        beginning=beginning(story.given.text, _LONGEST_BEGINNING) if story.given else "",
        moment=story.moment.astimezone(dt.UTC),
        status=story.status,
        tone=story.tone,
        seconds=_number(record.total_execution_time),
        # A text that was not translated at all is not in the language that it was meant for.
        languages=tuple(stop.code for stop in story.languages if not (stop.left and stop.left.is_all)),
        models=tuple(dict.fromkeys(time.engine for time in engines)),
        user_id=user,
        session_id=session,
        study_id=study,
        drift=tuple(_drift(story)),
        stages=tuple(_stages(story)),
        engines=engines,
    )


def _drift(story: Story) -> Iterator[HopDrift]:
    """As the column `…_to_first` of journeys, of the texts that the story shows."""
    first = None
    for box in story.boxes:
        if box.item_type not in _WAY or not box.text:
            continue
        first = box.text if first is None else first
        if box.item_type == ItemType.INTERCEPTION_ITERATION and type(box.hop) is int and 0 < box.hop <= _MOST_HOPS:
            yield HopDrift(box.hop, drift_between(first, box.text))


def _stages(story: Story) -> Iterator[Time]:
    for bar in story.timeline:
        if bar.depth == 0 and bar.seconds is not None and type(bar.stage) is int and not bar.is_attempt:
            yield Time(bar.seconds, bar.stage, "")


def _engines(record: ExecutionRecord) -> Iterator[Time]:
    """Who made texts and media, and how long that took; checks make nothing."""
    for item in record.items:
        if item.item_type in CHECK_TYPES | BLOCKED_TYPES:
            continue
        engine, took = made_by(item.backend_used, item.model_used), _number(item.execution_time)
        if engine and took is not None:
            yield Time(took, item.stage, engine, _into(item))


def _into(item: ExecutionItem) -> str | None:
    is_hop = item.item_type in (ItemType.INTERCEPTION_ITERATION, ItemType.TRANSLATION_RESULT)
    said = item.metadata if is_hop and isinstance(item.metadata, Mapping) else {}
    return language_code(said.get("to_lang"))


def _number(value: object) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value < 1e9 else None  # type: ignore[operator, arg-type]
