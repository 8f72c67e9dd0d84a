"""Find media where a text was expected: bytes, base64, or a `data:` URL."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any, NamedTuple

from otel_tracking.values.media_types import media_type_of

GIVEN_FILE_PATH = "given_file_path"
"""What the metadata of an item calls a path that was none."""

SMALLEST_MEDIA = 1_024
"""Bytes from which a value is media whatever it begins with."""

LONGEST_PATH = 4_096
"""Characters that a path may have."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]{16}")

Medium = tuple[bytes, str]


class Lifted(NamedTuple):
    """An item's texts without the medium that stood in one of them, and that."""

    content: Any
    input_text: Any
    file_path: Any
    metadata: Any
    data: bytes
    type: str


def may_be_medium(content: Any, input_text: Any, file_path: Any) -> bool:
    """Whether one of an item's texts may be a medium: quick, since every item is looked at.

    >>> may_be_medium("Eine Blume", None, "media/a.png"), may_be_medium(None, None, "data:image/png;base64,iVBO")
    (False, True)
    """
    return (
        (type(content) is str and content[:5] == "data:")
        or (type(file_path) is str and (file_path[:5] == "data:" or len(file_path) > LONGEST_PATH))
        or (type(input_text) is str and input_text[:5] == "data:")
    )


def lift_medium(content: Any, input_text: Any, file_path: Any, metadata: Any) -> Lifted | None:
    """The texts with None in the place of the first that is a medium; under its name the metadata says so.

    >>> lifted = lift_medium(None, None, "data:image/png;base64,iVBORw0KGgoAAAAN", {"seed": 7})
    >>> lifted.file_path, lifted.metadata, lifted.type
    (None, {'given_file_path': {'base64': 'data:image/png;base64,'}, 'seed': 7}, 'image/png')
    """
    texts = {"file_path": file_path, "content": content, "input_text": input_text}
    if metadata is not None and not isinstance(metadata, dict):
        return None
    for name, text in texts.items():
        medium = as_medium(text) if isinstance(text, str) else None
        if medium:
            told = {GIVEN_FILE_PATH if name == "file_path" else name: {"base64": before_base64(text)}}
            return Lifted(
                **{**texts, name: None}, metadata={**told, **(metadata or {})}, data=medium[0], type=medium[1]
            )
    return None


def as_medium(value: Any) -> Medium | None:
    r"""The bytes of a medium and their type, where `value` is one; None for any other value.

    >>> as_medium(b"\0\0\0\x20ftypM4A "), as_medium("A flower")
    ((b'\x00\x00\x00 ftypM4A ', 'audio/mp4'), None)
    """
    if isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
        kind = _type_of(data)
        return (data, kind or "application/octet-stream") if kind or len(data) >= SMALLEST_MEDIA else None
    return _from_base64(value) if isinstance(value, str) else None


def before_base64(text: str) -> str:
    """What stands before the base64 of a `data:` URL; nothing in any other text."""
    head, separator, _ = text[:200].partition(";base64,")
    return head + separator if text.startswith("data:") and separator else ""


def _from_base64(text: str) -> Medium | None:
    before = before_base64(text)
    start = len(before)
    beginning = text[start : start + 16]
    if not _BASE64.match(beginning) or not (start or _type_of(b64decode(beginning))):
        return None
    try:
        data = b64decode(text[start:], validate=True)
    except ValueError:
        return None
    if b64encode(data).decode() != text[start:]:
        return None  # the same text could not be made from the bytes again
    return data, _type_of(data) or before[5:].partition(";")[0] or "application/octet-stream"


def _type_of(data: bytes) -> str | None:
    return media_type_of(data) or ("audio/wav" if data[:4] == b"RIFF" else None)
