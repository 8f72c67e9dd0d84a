"""Tell which type of media some bytes are, by how they begin."""

from __future__ import annotations

_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
    b"OggS": "audio/ogg",
    b"fLaC": "audio/flac",
    b"MThd": "audio/midi",
    b"glTF": "model/gltf-binary",
    b"\x1a\x45\xdf\xa3": "video/webm",
}
_MP4_BRANDS = {b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime"}
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}


def media_type_of(content: bytes) -> str | None:
    """The media type that the first bytes show; None where they show none. Twelve bytes are enough.

    >>> media_type_of(b"OggS...")
    'audio/ogg'
    """
    if content[4:8] == b"ftyp":
        return _MP4_BRANDS.get(content[8:12], "video/mp4")
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12])
    return next((kind for start, kind in _BEGINNINGS.items() if content.startswith(start)), None)
