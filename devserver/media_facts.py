"""Say what is known of a media file from its own bytes: how large a picture is, how long a sound lasts.

Nothing here raises, and nothing decodes a whole picture or sound: headers tell.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import struct
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from exporters.media.open_picture import open_picture
from otel_tracking.values.media_types import media_type_of

if TYPE_CHECKING:
    from PIL import Image

Bytes = bytes | memoryview

_LARGEST_GIF = 2**20


def media_facts(content: bytes, media_format: str | None = None) -> dict[str, Any]:
    """What the file says of itself; empty where it says nothing that is understood.

    Pictures: `width`, `height`, `mode`, `frames`. Sounds: `duration_seconds`, `sample_rate`, `channels`, `bit_depth`.
    Films (MP4): `duration_seconds`, `width`, `height`. 3D (GLB): `meshes`, `nodes`, `materials`. `format` is the type
    that the bytes show; `media_format` is only asked where they show none.

    >>> from devserver.testing import PNG
    >>> media_facts(PNG)
    {'format': 'image/png', 'width': 1, 'height': 1, 'mode': 'RGBA', 'frames': 1}
    """
    try:
        shown = media_type_of(content) or media_format or ""
        read = _READERS.get(shown) or _READERS.get(shown.partition("/")[0])
        facts = read(content) if read else {}
    # Broken and hostile files make readers raise almost anything; what a file is worth is no reason to fail.
    except Exception:
        return {}
    return {"format": shown, **{name: value for name, value in facts.items() if _is_known(value)}} if facts else {}


def decode_media(text: str) -> tuple[bytes, str | None] | None:
    """The bytes of a `data:` URL or of base64, and their type; None where the text is neither.

    >>> decode_media("data:image/gif;base64,R0lGODlh")
    (b'GIF89a', 'image/gif')
    >>> decode_media("R0lGODlh"), decode_media("A flower!")
    ((b'GIF89a', 'image/gif'), None)
    """
    named: str | None = None
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        named, *options = head.removeprefix("data:").split(";")
        if not comma:
            return None
        if "base64" not in options:
            return unquote_to_bytes(text), named or "text/plain"
    content = _from_base64(text)
    if content is None:
        return None
    return content, media_type_of(content) or named or None


def _from_base64(text: str) -> bytes | None:
    """The bytes, also where lines were broken, the padding was left out, or the alphabet is that of addresses."""
    compact = "".join(text.split()).translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _is_known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _picture(content: bytes) -> dict[str, Any]:
    from PIL import Image

    with warnings.catch_warnings():
        # Only who decodes a large picture has to fear it; its size is a fact like any other.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with open_picture(content) as picture:
            width, height = picture.size
            return {"width": width, "height": height, "mode": picture.mode, "frames": _frames(picture, len(content))}


def _frames(picture: Image.Image, size: int) -> int | None:
    """How many pictures the file holds; a GIF has to be walked through for it, which a large one is not worth."""
    return None if picture.format == "GIF" and size > _LARGEST_GIF else getattr(picture, "n_frames", 1)


def _sound(content: bytes) -> dict[str, Any]:
    from tinytag import TinyTag

    tag = TinyTag.get(filename=None, file_obj=io.BytesIO(content))
    return {
        "duration_seconds": round(tag.duration, 6) if tag.duration else None,
        "sample_rate": tag.samplerate,
        "channels": tag.channels,
        "bit_depth": tag.bitdepth,
    }


def _film(content: bytes) -> dict[str, Any]:
    """Length and size, from the boxes of an MP4 file."""
    # A view: what is looked through is not copied, and most of it is the film itself.
    movie = _box(memoryview(content), b"moov")
    head = _box(movie, b"mvhd")
    scale, length = struct.unpack(">IQ", head[20:32]) if head[0] == 1 else struct.unpack(">II", head[12:20])
    sizes = [_size_of(_box(track, b"tkhd")) for kind, track in _boxes(movie) if kind == b"trak"]
    width, height = max(sizes, default=(0, 0))
    return {
        "duration_seconds": round(length / scale, 6) if scale else None,
        "width": width or None,
        "height": height or None,
    }


def _size_of(track_head: Bytes) -> tuple[int, int]:
    """Width and height, which end the head of a track as numbers of 16.16 bits."""
    width, height = struct.unpack(">II", track_head[-8:])
    return width >> 16, height >> 16


def _box(content: Bytes, wanted: bytes) -> Bytes:
    return next((body for kind, body in _boxes(content) if kind == wanted), b"")


def _boxes(content: Bytes) -> Iterator[tuple[bytes, Bytes]]:
    start = 0
    while start + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[start : start + 8])
        head = 8
        if size == 1:
            (size,), head = struct.unpack(">Q", content[start + 8 : start + 16]), 16
        end = start + size if size else len(content)
        if end < start + head:
            return
        yield kind, content[start + head : end]
        start = end


def _model(content: bytes) -> dict[str, Any]:
    """What is in a binary glTF file, from its JSON part."""
    length, kind = struct.unpack("<I4s", content[12:20])
    scene = json.loads(content[20 : 20 + length]) if kind == b"JSON" else {}
    return {name: len(scene[name]) for name in ("meshes", "nodes", "materials", "animations") if name in scene}


_READERS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "image": _picture,
    "audio": _sound,
    "video/mp4": _film,
    "video/quicktime": _film,
    "model/gltf-binary": _model,
}
