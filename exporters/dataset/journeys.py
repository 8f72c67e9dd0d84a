"""The way of each text as a table: one row per step, made of the rows of `items` and `executions`."""

from __future__ import annotations

from exporters.storage.tables.columns import EXECUTIONS, KEYS, Column

_OF_THE_RUN = ("user_id", "session_id", "device_id", "study_id", "batch_id")

COLUMNS = (
    *(column for column in KEYS if column.name != "write_id"),
    Column("config_name", "text", "Name of the pipeline configuration, e.g. stillepost"),
    *(column for column in EXECUTIONS if column.name in _OF_THE_RUN),
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
    Column("model_used", "text", "Model that made the text"),
    Column("backend_used", "text", "Backend that made the text"),
    Column("execution_time", "float", "Duration of this step in seconds"),
)

JOURNEYS = f"""
    select i.execution_id, i.trace_id, i.revision, e.config_name, {", ".join(f"e.{name}" for name in _OF_THE_RUN)},
           row_number() over way as step, i.sequence_number, i.timestamp, i.item_type, i.stage, i.stage_iteration,
           coalesce(i.metadata_json->>'from_lang', i.metadata_json->>'input_language') as from_lang,
           coalesce(i.metadata_json->>'to_lang', i.metadata_json->>'language',
                    case when i.item_type = 'user_input_text' then i.metadata_json->>'input_language' end) as to_lang,
           i.input_text, i.content,
           case when i.item_type <> 'interception_final' then i.input_text = lag(i.content) over way end as is_chained,
           i.model_used, i.backend_used, i.execution_time
    from items i join executions e
      on e.execution_id = i.execution_id and e.trace_id is not distinct from i.trace_id
    where i.item_type in ('user_input_text', 'translation_result', 'interception_iteration', 'interception_final')
    window way as (partition by i.execution_id, i.trace_id order by i.sequence_number, i.timestamp)
"""
"""A query over tables or views of these names in which every run is there once."""
