"""What is known of a whole run, by name: variables of a case, columns of a survey."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from exporters.collections.journey import JourneyText, final_of, prompt_of
from exporters.remarks.annotated import Annotated, annotation_of
from exporters.remarks.table import cells_of, columns_of
from exporters.storage.tables.columns import KEYS
from exporters.story.storyteller import languages_of
from exporters.story.untranslated import marks_of
from exporters.story.words import ENGLISH
from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import ItemType


@dataclass(frozen=True, slots=True)
class RunFact:
    """One fact: name, kind (`text`, `int`, `float`, `bool`, `date` or `time`), what it means, and where it is read."""

    name: str
    kind: str
    meaning: str
    read: Callable[[ExecutionRecord, Sequence[JourneyText]], Any]


def facts_of(record: ExecutionRecord, journey: Sequence[JourneyText]) -> dict[str, Any]:
    """Every fact of a run that has a value, and what was said of it since."""
    values = ((fact.name, fact.read(record, journey)) for fact in (*FACTS, *facts_said_of(record)))
    return {name: value for name, value in values if value not in _MISSING}


def facts_said_of(record: ExecutionRecord) -> tuple[RunFact, ...]:
    """What may have been said of a run since, in its store's code book; nothing where nobody says anything."""
    if not isinstance(record, Annotated):
        return ()
    columns = columns_of(record.annotation.variables)
    return tuple(RunFact(one.name, one.kind, one.description, _said(one.name)) for one in columns if one not in KEYS)


def _said(name: str) -> Callable[[ExecutionRecord, Sequence[JourneyText]], Any]:
    return lambda record, texts: cells_of(annotation_of(record)).get(name)


def day_of(moment: dt.date) -> str:
    """The day of a moment, or a day, as `2026-11-23`.

    >>> day_of(dt.datetime(2026, 11, 23, 12))
    '2026-11-23'
    """
    return moment.isoformat()[:10]


_MISSING = (None, "", ())


def _field(name: str, kind: str, meaning: str) -> RunFact:
    return RunFact(name, kind, meaning, lambda record, texts: getattr(record, name))


def _hops(record: ExecutionRecord, texts: Sequence[JourneyText]) -> int:
    return sum(ItemType.INTERCEPTION_ITERATION in text.item_types for text in texts)


def _each(name: str) -> Callable[[ExecutionRecord, Sequence[JourneyText]], str]:
    """What all items say under a name, each once, in their order."""
    return lambda record, texts: ", ".join(_once(getattr(item, name) for item in record.items))


def _once(values: Iterable[Any]) -> dict[str, None]:
    return dict.fromkeys(value for value in values if isinstance(value, str) and value)


def _language(text: JourneyText | None) -> str | None:
    return text.spoken if text else None


def _route(record: ExecutionRecord, texts: Sequence[JourneyText]) -> str:
    return " → ".join(stop.named(str, ENGLISH) for stop in languages_of(record, marks_of(record)))


FACTS: tuple[RunFact, ...] = (
    _field("execution_id", "text", "Id of the run"),
    _field("config_name", "text", "Name of the pipeline configuration"),
    RunFact("date", "date", "Day on which the run began, UTC", lambda record, texts: record.timestamp),
    _field("timestamp", "time", "When the run began, UTC"),
    _field("session_id", "text", "Session or class that the run belongs to"),
    _field("study_id", "text", "Study that the run belongs to"),
    _field("batch_id", "text", "Batch that the run belongs to"),
    _field("user_id", "text", "Who started the run"),
    _field("device_id", "text", "Device that the run was started on"),
    _field("status", "text", "What came of the run: completed, partial, blocked, error, cancelled or interrupted"),
    _field("safety_level", "text", "Safety level that the run was made at"),
    _field("execution_mode", "text", "Mode that the run was made in"),
    _field("used_seed", "text", "Seed that was used; text, because programs round numbers of this size"),
    RunFact("hops", "int", "How many hops the text went through", _hops),
    RunFact("languages", "text", "Languages of the route", _route),
    RunFact("prompt_language", "text", "Language of the prompt", lambda record, texts: _language(prompt_of(texts))),
    RunFact("final_language", "text", "Language of the final text", lambda record, texts: _language(final_of(texts))),
    _field("outputs_generated", "int", "How many outputs were made"),
    _field("total_execution_time", "float", "Duration of the run in seconds"),
    RunFact("models", "text", "Models that took part, in their order", _each("model_used")),
    RunFact("backends", "text", "Backends that took part, in their order", _each("backend_used")),
)
