"""What a recorder writes for an entity: its entry in `metadata.json`, the name and the bytes of its file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from otel_tracking.migration.recorder.folder import plain
from otel_tracking.values.media_types import media_type_of

EXPECTED = ("input", "translation", "safety", "interception", "safety_pre_output", "output_image")
"""What a run is expected to have in the end, by the recorder's names."""

_SUFFIXES = {
    **{"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "audio/mpeg": "mp3"},
    **{"audio/wav": "wav", "audio/ogg": "ogg", "audio/flac": "flac", "audio/midi": "mid", "video/mp4": "mp4"},
    **{"video/webm": "webm", "model/gltf-binary": "glb"},
}


def entry_of(number: int, entity_type: str, filename: str, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """The entry of an entity."""
    said = {"sequence": number, "type": entity_type, "filename": filename, "timestamp": now()}
    return {**said, "metadata": dict(metadata or {})}


def suffix_of(content: Any, metadata: Mapping[str, Any] | None = None) -> str:
    """How the name of an entity's file ends: as its metadata say, or as its bytes begin.

    >>> suffix_of("text"), suffix_of({"safe": True}), suffix_of(b"OggS", {}), suffix_of(b"?", {"format": "js"})
    ('txt', 'json', 'ogg', 'js')
    """
    if isinstance(content, bytes | bytearray | memoryview):
        said = str((metadata or {}).get("format") or "")
        return plain(said) if said else _SUFFIXES.get(media_type_of(bytes(content[:32])) or "", "bin")
    return "json" if isinstance(content, dict | list) else "txt"


def bytes_of(content: Any) -> bytes:
    """What is in the file."""
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    text = json_of(content) if isinstance(content, dict | list) else str(content)
    return text.encode("utf-8", "backslashreplace")


def json_of(value: Any) -> str:
    """JSON for people; what JSON cannot say is its text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def now() -> str:
    """The time, in UTC and with its zone."""
    return dt.datetime.now(dt.UTC).isoformat()
