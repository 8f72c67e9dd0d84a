"""Tell what kind of picture some bytes are, and read the pictures that people hand in."""

from __future__ import annotations

from pathlib import Path

from devserver.engines import InputImage
from devserver.errors import RequestError
from otel_tracking.values.media_types import media_type_of

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP", "image/gif": "GIF"}
MOST_BYTES = 32 * 2**20


def picture_format(content: bytes) -> str | None:
    """The media type of a picture that engines take, by its first bytes, or None.

    >>> picture_format(bytes.fromhex("89504e470d0a1a0a"))
    'image/png'
    """
    shown = media_type_of(content)
    return shown if shown in FORMATS else None


def read_picture(path: Path) -> InputImage:
    """The picture in a file. Raises `RequestError` where there is none that engines take."""
    try:
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
    except OSError as error:
        raise RequestError(f"{path}: cannot be read ({error.strerror}); a picture is expected") from error
    media_format = picture_format(content)
    if media_format is None:
        kinds = ", ".join(FORMATS.values())
        raise RequestError(f"{path}: is no picture; {kinds} of at most {MOST_BYTES // 2**20} MiB would work")
    return InputImage(path.name, content, media_format)
