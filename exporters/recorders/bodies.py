"""What the file of an entity holds: a text, a value, or a medium."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from exporters.errors import BrokenFile
from exporters.recorders.files import FileFacts
from exporters.recorders.metadata import read_json
from otel_tracking.record import Media
from otel_tracking.values.media_types import media_type_of

_BY_SUFFIX = {
    **{".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".flac": "audio/flac", ".mid": "audio/midi"},
    **{".mp4": "video/mp4", ".webm": "video/webm", ".glb": "model/gltf-binary", ".stl": "model/stl"},
}
"""Types of files that do not begin with theirs. Not the system's table, which differs from machine to machine."""

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_UNUSUAL = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class EntityBody:
    """The content of an item, or its medium; `media_format` is its type (`image/png`; `text/plain` for texts)."""

    content: Any = None
    media: Media | None = None
    media_format: str | None = None
    lossy_values: int = 0


NO_BODY = EntityBody()


def body_of(file: FileFacts | None) -> EntityBody:
    """What a file holds. A text of any encoding keeps its bytes: what is no UTF-8 in it is escaped as Python does."""
    if file is None:
        return NO_BODY
    suffix = PurePosixPath(file.name).suffix.lower()
    media_format = media_type_of(file.head)
    if media_format or file.content is None:
        media_format = media_format or _BY_SUFFIX.get(suffix, "application/octet-stream")
        return EntityBody(media=Media(file.sha256, file.size, media_format), media_format=media_format)
    if suffix == ".json":
        return _value(file.content)
    return EntityBody(_text(file.content), media_format="text/plain")


def media_path(folder: str, number: int, name: str, file: FileFacts) -> str:
    """Where a medium lies below the data directory.

    >>> from pathlib import Path
    >>> media_path("exec_1", 7, "output_image", FileFacts(Path("f"), "final/07_output_image.PNG", "", 0, b"", None))
    'media/exec_1/007_output_image.png'
    """
    suffix = PurePosixPath(file.name).suffix.lower()
    plain = _UNUSUAL.sub("_", name)[:60]
    return f"media/{folder}/{number:03d}_{plain}{suffix if _SUFFIX.fullmatch(suffix) else ''}"


def _value(content: bytes) -> EntityBody:
    try:
        value, refused = read_json(content)
    except BrokenFile:
        return EntityBody(_text(content), media_format="text/plain")
    return EntityBody(value, media_format="text/plain" if isinstance(value, str) else None, lossy_values=refused)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
