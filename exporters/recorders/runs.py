"""Read the folder of one run of an earlier recorder as a record, with the files of its media.

The same folder gives the same record, wherever it lies: ids are made of the recorder's own id, and a time without zone
is UTC, as in every old record.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from exporters.errors import BrokenFile
from exporters.recorders.files import MOST_METADATA, FileFacts, NotThere, RunFiles
from exporters.recorders.finding import METADATA, layout_of
from exporters.recorders.items import Items, SavedEntry, items_of
from exporters.recorders.metadata import Recorded, RecordedEntry, epoch_of, moment_of, read_metadata
from exporters.recorders.order import EDITS, FINAL, folders_of, in_order, unlisted
from exporters.recorders.origin import IMPORTED_FROM, METADATA_JSON, OPTIMISED, digest_of, origin_of_run
from exporters.storage.layout import folder_name
from otel_tracking import canonical
from otel_tracking.outcome import outcome_of_items
from otel_tracking.record import ExecutionRecord, FinishReason
from otel_tracking.taxonomy import BLOCKED_TYPES, OUTPUT_TYPES, ItemType

_UNKNOWN_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """The record of a run of an earlier recorder, and the file of each medium by the `file_path` that it will have.

    `missing` are files that it names and that are not there.
    """

    record: ExecutionRecord
    files: Mapping[str, FileFacts] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def read_run(folder: Path, *, allow_missing: bool = False, other_part: ExecutionRecord | None = None) -> EarlierRun:
    """The run in a folder. Nothing is written, and a file of any size is looked at in pieces.

    `other_part` is the record of another folder with the same id of the recorder's: this one gets ids of its own, and
    is linked with that one.

    Raises `BrokenFile`, which names the folder and what is wrong with it: no `metadata.json` of a recorder, a name that
    leads out of the folder, a link, a file that cannot be read; or one that is not there, unless `allow_missing`.
    """
    try:
        return _read(folder, RunFiles(folder), allow_missing, other_part)
    except BrokenFile as trouble:
        raise BrokenFile(f"{folder} cannot be imported: {trouble}") from trouble


def ids_of(run_id: str, started: dt.datetime, part: str = "") -> tuple[str, str]:
    """The execution id and the trace id of a recorder's run: always the same, of its id alone where that has a time.

    `part` tells apart what was saved under the same id in two folders.

    >>> ids_of("run_1769678100123_a1b2c3", _UNKNOWN_TIME)[0]
    'exec_20260129_091500_5859297a'
    """
    named = " ".join(("recorder run", run_id, *([part] if part else [])))
    trace_id = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    moment = epoch_of(run_id) or started
    return f"exec_{moment:%Y%m%d_%H%M%S}_{trace_id[:8]}", trace_id


def _read(folder: Path, files: RunFiles, allow_missing: bool, other: ExecutionRecord | None) -> EarlierRun:
    content = files.read(METADATA, MOST_METADATA)
    recorded = read_metadata(content)
    run_id = recorded.run_id or folder.absolute().name
    started = recorded.moment or _UNKNOWN_TIME
    saved = list(_saved(recorded, files, allow_missing))
    there = [one.file for one in saved if one.file]
    # Not of metadata.json, which names people: whoever has the rest could try names until the id is right.
    ids = ids_of(run_id, started) if other is None else ids_of(run_id, started, digest_of(str(started).encode(), there))
    items = items_of(recorded, folder_name(ids[0]), started, saved)
    origin = origin_of_run(recorded, run_id, layout_of(folder), content, there)
    missing = tuple(str(one.entry.filename) for one in saved if one.is_missing)
    record = _record(recorded, ids, started, items, {**origin, **_other(other, started)})
    before = other.execution_id if other and other.timestamp <= started else _continued(run_id)
    return EarlierRun(replace(record, continues=before), items.files, missing)


def _saved(recorded: Recorded, files: RunFiles, allow_missing: bool) -> Iterator[SavedEntry]:
    """The entries with their files: those that are listed, then those that are there besides."""
    listed = set()
    for entry in in_order(recorded):
        found = _with_file(entry, files, allow_missing)
        listed |= {found.file.name} if found.file else set()
        yield found
    for entry in unlisted(files.names("", FINAL, EDITS), listed):
        yield _with_file(entry, files, allow_missing)


def _with_file(entry: RecordedEntry, files: RunFiles, allow_missing: bool) -> SavedEntry:
    if entry.filename is None:
        return SavedEntry(entry)
    try:
        return SavedEntry(entry, files.facts(entry.filename, folders_of(entry)))
    except NotThere:
        if not allow_missing:
            raise
        return SavedEntry(entry, is_missing=True)


def _record(
    recorded: Recorded, ids: tuple[str, str], started: dt.datetime, items: Items, origin: Mapping[str, Any]
) -> ExecutionRecord:
    execution_id, trace_id = ids
    metadata, too_deep = canonical.settle({IMPORTED_FROM: dict(origin), METADATA_JSON: dict(recorded.said)})
    said: dict[str, Any] = {name: recorded.said.get(name) for name in _TAKEN_OVER}
    return ExecutionRecord(
        execution_id=execution_id,
        trace_id=trace_id,
        timestamp=started,
        config_name=recorded.text("config_name", "latent_lab_tool", "type"),
        **said,
        used_seed=_seed_of(items),
        total_execution_time=_duration(recorded, started),
        **_outcome(recorded, items),
        finish_reason=FinishReason.IMPORTED,
        items=tuple(items.items),
        lossy_values=recorded.lossy_values + items.lossy_values + too_deep,
        metadata=metadata,
    )


_TAKEN_OVER = ("user_id", "session_id", "device_id", "study_id", "batch_id", "execution_mode", "safety_level")


def _continued(run_id: str) -> str | None:
    """The execution id of the run that this one went on with, where it can be told from its own id."""
    before, began = run_id.removesuffix(OPTIMISED), epoch_of(run_id)
    return ids_of(before, began)[0] if before != run_id and began else None


def _other(other: ExecutionRecord | None, started: dt.datetime) -> dict[str, str]:
    """What an origin says of the folder that has what came after this one."""
    return {"continued_by": other.execution_id} if other and other.timestamp > started else {}


def _outcome(recorded: Recorded, items: Items) -> dict[str, Any]:
    """What came of it, as our own records say it: by the same rules, with what the recorder says of its end."""
    places: list[tuple[str, int | None, int | None]] = [
        (item.item_type, item.stage, item.loop_iteration) for item in items.items
    ]
    if recorded.is_complete or any(item_type in BLOCKED_TYPES for item_type, _, _ in places):
        places.append((ItemType.PIPELINE_COMPLETE, 5, None))
    return outcome_of_items(places)


def _duration(recorded: Recorded, started: dt.datetime) -> float | None:
    """Seconds from its beginning to its end, where it says both."""
    ended = moment_of(recorded.said.get("completed_at"))
    return (ended - started).total_seconds() if ended and ended >= started else None


def _seed_of(items: Items) -> Any:
    """The seed of the first output that says one."""
    seeds = (item.metadata.get("seed") for item in items.items if item.item_type in OUTPUT_TYPES)
    return next((seed for seed in seeds if seed is not None), None)
