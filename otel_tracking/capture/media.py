"""Put a reference in the place of media that stands as base64 in JSON."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

_BEGINNINGS = {
    "iVBORw0KGg": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "application/riff",  # WebP or WAV: the next bytes tell
    "SUQz": "audio/mpeg",
    "//uQ": "audio/mpeg",
    "//vQ": "audio/mpeg",
    "T2dnUw": "audio/ogg",
    "ZkxhQ": "audio/flac",
    "Z2xURg": "model/gltf-binary",
    "JVBERi0": "application/pdf",
    "AAAA": "video/mp4",
}
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}

LARGEST_UNKNOWN = 65_536
"""Characters from which base64 is media whatever it begins with."""

SHORTEST_MEDIA = 1024
"""Characters from which a text is looked at."""

FEWEST_CHARACTERS = 32
"""How many different ones that takes: 100,000 times the letter x is what a child typed, and a text."""


def reference(data: bytes, media_type: str | None) -> dict[str, Any]:
    """`{"media": {"sha256", "bytes", "type"}}`: how facts name bytes that are kept as media or nowhere."""
    return {"media": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "type": media_type}}


def cut_base64(text: str) -> Any:
    """A reference instead of the base64 of a media file or of a `data:` URL; any other text as it is.

    Only where the same base64 can be made from the bytes again: replay puts it back. The reference says how it stood
    (`base64`: what was before it, such as `data:image/png;base64,`).
    """
    before, media_type = _data_url(text)
    media_type = media_type or _type_of(text) or _type_of_unknown(text)
    if media_type is None:
        return text
    try:
        data = b64decode(text[len(before) :], validate=True)
    except ValueError:
        return text
    if not _comes_out_again(data, text, len(text) - len(before)):
        return text
    if media_type == "video/mp4" and not before and data[4:8] != b"ftyp":
        return text  # A held-down A
    if media_type == "application/riff":
        media_type = _RIFF.get(data[8:12], media_type)
    return {**reference(data, media_type), "base64": before}


def cut_media(value: Any) -> Any:
    """A JSON value with references in the place of its media. Its dicts and lists are changed in place."""
    holder = [value]
    waiting: list[Any] = [holder]
    while waiting:
        part = waiting.pop()
        for key, entry in part.items() if type(part) is dict else enumerate(part):
            if type(entry) is dict or type(entry) is list:
                waiting.append(entry)
            elif type(entry) is str and len(entry) >= SHORTEST_MEDIA:
                part[key] = cut_base64(entry)
    return holder[0]


def put_back(value: Any, media: Mapping[str, bytes]) -> Any:
    """`value` with media from `media` (bytes by sha256) in the place of the references to it."""
    if type(value) is list:
        return [put_back(entry, media) for entry in value]
    if type(value) is not dict:
        return value
    data = media.get(value["media"]["sha256"]) if _is_reference(value) else None
    if data is None:
        return {key: put_back(entry, media) for key, entry in value.items()}
    return value["base64"] + b64encode(data).decode() if "base64" in value else data


def _is_reference(value: dict[str, Any]) -> bool:
    described = value.get("media")
    return value.keys() <= {"media", "base64"} and isinstance(described, dict) and "sha256" in described


def _comes_out_again(data: bytes, text: str, size: int) -> bool:
    """Whether the base64 of `data` is the `size` characters at the end of `text`, which were read strictly: only the
    bits beyond the last byte can differ, and line ends the length.
    """
    tail = data[len(data) - (len(data) % 3 or 3) :]
    return size == (len(data) + 2) // 3 * 4 and text.endswith(b64encode(tail).decode())


def _data_url(text: str) -> tuple[str, str | None]:
    if not text.startswith("data:"):
        return "", None
    before, found, _ = text[:200].partition(";base64,")
    return (before + found, before[5:].split(";")[0] or "text/plain") if found else ("", None)


def _type_of_unknown(text: str) -> str | None:
    is_media = len(text) >= LARGEST_UNKNOWN and len(set(text)) >= FEWEST_CHARACTERS
    return "application/octet-stream" if is_media else None


def _type_of(text: str) -> str | None:
    beginning = text[:12]
    for start, media_type in _BEGINNINGS.items():
        if beginning.startswith(start):
            return media_type
    return None
