"""What every stored column means: the codebook, and the one place where a column is added.

A column carries the name of the record's field. Columns are only ever added, and are null in older files;
none is renamed or given another kind. `docs/storage-strategy.md` shows them in use.
"""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """A column's name, its kind (a key of `parquet_schema.TYPES`) and what a researcher needs to know about it."""

    name: str
    kind: str
    description: str


KEYS = (
    Column("execution_id", "text", "The run: exec_<UTC date>_<UTC time>_<first 8 hex of trace_id>"),
    Column(
        "trace_id", "text", "OpenTelemetry trace id, 32 hex; rows with the same one are the same run. Null: imported"
    ),
    Column("revision", "int", "1, 2, …: a later one replaces the earlier ones of the same trace_id"),
    Column("write_id", "int", "The write that brought this row; rows of all tables that belong together share it"),
)

VERSIONS = (
    Column("taxonomy_version", "text", "Version of the list of item types"),
    Column("schema_version", "text", "Version of the record's fields"),
)

EXACT = Column("exact_json", "json", "Canonical JSON of fields whose value does not fit its column; these values count")

EXECUTIONS = (
    *KEYS,
    Column("config_name", "text", "Name of the pipeline configuration, e.g. stillepost"),
    Column("timestamp", "time", "Start of the run, UTC"),
    Column("user_id", "text", "Who ran it (may be a pseudonym)"),
    Column("session_id", "text", "Session the run belongs to"),
    Column("device_id", "text", "Device the run was started from"),
    Column("study_id", "text", "Study the run belongs to"),
    Column("batch_id", "text", "Batch the run belongs to"),
    Column("repeats", "text", "execution_id of the run that this one repeats"),
    Column("continues", "text", "execution_id of the run that this one continues"),
    Column("execution_mode", "text", "eco, fast, …"),
    Column("safety_level", "text", "kids, youth, open, …"),
    Column("used_seed", "digits", "Seed as decimal text: it may be larger than 64 bit"),
    Column("total_execution_time", "float", "Duration of the whole run in seconds"),
    Column("status", "text", "completed, partial, blocked, error, cancelled or interrupted"),
    Column("finish_reason", "text", "Why the record was written when it was written"),
    Column("error_json", "json", "The exception that ended the run, as canonical JSON"),
    Column("outputs_generated", "int", "How many outputs were really made"),
    Column("stages_completed", "ints", "Stages that were really completed"),
    Column("span_count", "int", "How many spans the run says it had"),
    Column("item_count", "int", "How many items the run says it had"),
    Column("dropped", "int", "How many items or spans were lost (0 in a complete record)"),
    Column("lossy_values", "int", "How many values are kept only as a description"),
    Column("late_spans", "int", "How many spans came after an earlier revision was written"),
    Column("item_rows", "int", "How many rows of table items belong to this row"),
    Column("metadata_json", "json", "Everything else that was said about the run, as canonical JSON"),
    Column("spans_json", "json", "Every span with what was passed to its backend, as canonical JSON"),
    Column("links_json", "json", "Links to other runs and requests, as canonical JSON"),
    EXACT,
    *VERSIONS,
)

ITEMS = (
    *KEYS,
    Column("sequence_number", "int", "Order of the items within their run, from 1"),
    Column("timestamp", "time", "When the item was logged, UTC"),
    Column("stage", "int", "0 start, 1 translation, safety, 2 interception, 3 safety of one output, 4 output, 5 end"),
    Column("stage_iteration", "int", "Hop within stage 2, from 1"),
    Column("loop_iteration", "int", "Output within stages 3 and 4, from 1"),
    Column("item_type", "text", "What was logged; docs/taxonomy.md lists them"),
    Column("media_type", "text", "text, image, audio, music, video, 3d, code or metadata"),
    Column("content", "text", "The text that was made; null when it is no text (then see exact_json)"),
    Column("input_text", "text", "The text that was given to this step"),
    Column("file_path", "text", "Media file, relative to the data directory"),
    Column("media_sha256", "text", "SHA-256 of the media file, hex"),
    Column("media_bytes", "int", "Size of the media file in bytes"),
    Column("media_mime_type", "text", "Type of the media file, e.g. image/png"),
    Column("config_used", "text", "Configuration of this step, e.g. sd35_large"),
    Column("model_used", "text", "Model that made the item"),
    Column("backend_used", "text", "Backend that made the item, e.g. ollama"),
    Column("execution_time", "float", "Duration of this step in seconds"),
    Column("attempt", "text", "Span id of the backend call that made the item, 16 hex"),
    Column("span_id", "text", "Span id of the scope the item was logged in, 16 hex"),
    Column("metadata_json", "json", "Every other parameter of the item, as canonical JSON"),
    EXACT,
)

BLOBS = (
    *KEYS,
    Column("sha256", "text", 'SHA-256 of text, hex; JSON columns refer to it as {"$blob":"<sha256>"}'),
    Column("text", "json", "A large part of a JSON column (a workflow graph), kept once per execution"),
)

TABLES: dict[str, tuple[Column, ...]] = {"executions": EXECUTIONS, "items": ITEMS, "blobs": BLOBS}
