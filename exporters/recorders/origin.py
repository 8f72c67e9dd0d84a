"""How a record says of which files of an earlier recorder it was made.

metadata["imported_from"]     which recorder, its own id of the run, the layout, sha256 of the files, our version
metadata["metadata_json"]     the whole metadata.json
items[…].metadata["imported_from"]    the entity: its type, number and file
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from exporters.recorders.files import FileFacts
from exporters.recorders.metadata import Recorded, RecordedEntry
from otel_tracking.pseudonyms import Pseudonyms
from otel_tracking.record import ExecutionRecord
from otel_tracking.version import own_version

RECORDED_AS = "recorded_as"
"""Where a `metadata.json` says which executions its run was recorded as while it went on."""
IMPORTED_FROM, METADATA_JSON = "imported_from", "metadata_json"
OPTIMISED = "_opt"
"""The end of the id of a run that only rewrote the prompt of another."""

_OF_FILES = ("sha256", "files_sha256")


def origin_of_run(
    recorded: Recorded, run_id: str, layout: str, content: bytes, files: Iterable[FileFacts]
) -> dict[str, Any]:
    """What a record was made of; `content` is its `metadata.json`."""
    before = run_id.removesuffix(OPTIMISED)
    return {
        "recorder": _recorder_of(recorded, run_id),
        "run_id": run_id,
        **({"continues_run_id": before} if before != run_id else {}),
        "layout": layout,
        "sha256": hashlib.sha256(content).hexdigest(),
        "files_sha256": digest_of(content, files),
        "version": own_version(),
    }


def origin_of_item(entry: RecordedEntry, file: FileFacts | None, is_missing: bool) -> dict[str, Any]:
    """What an item was made of."""
    odd = {"is_missing": is_missing, "is_unlisted": not entry.is_listed}
    return {
        "type": entry.said.get("type"),
        "sequence": entry.said.get("sequence"),
        "filename": file.name if file else entry.filename,
        "sha256": file.sha256 if file else None,
        **{name: True for name, is_so in odd.items() if is_so},
    }


def is_of_recorder(record: ExecutionRecord) -> bool:
    """Whether a record was made of the folder of an earlier recorder."""
    said = record.metadata
    return isinstance(said, dict) and METADATA_JSON in said and isinstance(said.get(IMPORTED_FROM), dict)


def recorded_as(record: ExecutionRecord) -> tuple[str, ...]:
    """The executions that a recorder's run was recorded as while it went on; nobody takes those over again."""
    said = record.metadata[METADATA_JSON] if is_of_recorder(record) else {}
    named = said.get(RECORDED_AS) if isinstance(said, dict) else None
    return tuple(name for name in named if isinstance(name, str)) if isinstance(named, list) else ()


def is_same_run(one: ExecutionRecord, other: ExecutionRecord) -> bool:
    """Whether two records were made of the same files, wherever those lay, and by whichever version."""
    return _fingerprint(one) is not None and _fingerprint(one) == _fingerprint(other)


def is_other_part(one: ExecutionRecord, other: ExecutionRecord) -> bool:
    """Whether two records are what two requests saved under one id of the recorder's: at other times, or elsewhere.

    One that was saved at the same time by the same device is the same run, with more in it or less.
    """
    of_recorder = is_of_recorder(one) and is_of_recorder(other) and not is_same_run(one, other)
    return of_recorder and (one.timestamp, one.device_id) != (other.timestamp, other.device_id)


def with_keyed_fingerprints(record: ExecutionRecord, pseudonyms: Pseudonyms) -> dict[str, Any]:
    """The metadata of a record whose files can be told again with the study's key alone.

    Whoever has the rest of a `metadata.json` could otherwise try names until its sha256 is right.
    """
    origin = record.metadata[IMPORTED_FROM]
    plain = {name: str(origin[name]) for name in _OF_FILES if len(str(origin.get(name))) == 64}
    keyed = {name: pseudonyms.mark(IMPORTED_FROM, sha256) for name, sha256 in plain.items()}
    return {**record.metadata, IMPORTED_FROM: {**origin, **keyed}}


def _recorder_of(recorded: Recorded, run_id: str) -> str:
    if recorded.said.get("type") == "latent_lab" or "latent_lab_tool" in recorded.said:
        return "LatentLabRecorder"
    is_canvas = "_canvas" in run_id or bool({"batch_id", "total_entities"} & recorded.said.keys())
    return "CanvasRecorder" if is_canvas else "LivePipelineRecorder"


def digest_of(content: bytes, files: Iterable[FileFacts]) -> str:
    """The sha256 of a content, and of the names and the sha256 of files, in whatever order they come."""
    digest = hashlib.sha256(content)
    for name, sha256 in sorted((file.name, file.sha256) for file in files):
        digest.update(f"\n{name}\n{sha256}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _fingerprint(record: ExecutionRecord) -> str | None:
    found = record.metadata[IMPORTED_FROM].get("files_sha256") if is_of_recorder(record) else None
    return found if isinstance(found, str) else None
