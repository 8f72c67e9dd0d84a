"""A medium as students and the public may have it: what is seen and heard, and nothing that a file says besides.

Pictures are drawn anew (`pictures.py`). Sounds and films keep every sample and lose their tags: titles, places, names,
and the prompts and graphs that programs write there. What cannot be cleaned is not handed out.
"""

from __future__ import annotations

from collections.abc import Callable

from exporters.media.clean_films import clean_model, clean_mp4, clean_webm
from exporters.media.clean_sounds import clean_flac, clean_mp3, clean_ogg, clean_wav
from exporters.media.pictures import Copy, clean_picture

_TEXTS = ("text/", "application/json", "application/javascript", "application/xml", "application/x-python")
_NOT_PLAIN = frozenset({"text/rtf"})


def clean_copy(content: bytes, media_type: str) -> Copy | None:
    """The medium without what it says of itself; None where that cannot be said of it.

    What kind of file it is, its bytes decide; a text is one by its type, and is all that it says.
    """
    clean = _cleaner(content)
    if clean is not None:
        try:
            made = clean(content)
        # Whatever a broken or hostile file brings about, it is not handed out.
        except Exception:
            made = None
        return None if made is None else Copy(made, _type_of(content, media_type))
    picture = clean_picture(content)
    if picture is not None:
        return picture
    return Copy(content, media_type) if _is_text(content, media_type) else None


def _cleaner(content: bytes) -> Callable[[bytes], bytes | None] | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return clean_wav
    if content[4:8] == b"ftyp":
        # Pictures come in this box too.
        return None if content[8:12] in _PICTURE_BRANDS else clean_mp4
    if content[:3] == b"ID3" or (content[:1] == b"\xff" and content[1:2] >= b"\xe0" and content[:3] != b"\xff\xd8\xff"):
        return clean_mp3
    return next((clean for start, clean in _BEGINNINGS.items() if content.startswith(start)), None)


_PICTURE_BRANDS = frozenset((b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"))
_BEGINNINGS: dict[bytes, Callable[[bytes], bytes | None]] = {
    b"fLaC": clean_flac,
    b"OggS": clean_ogg,
    b"\x1a\x45\xdf\xa3": clean_webm,
    b"glTF": clean_model,
}


def _type_of(content: bytes, media_type: str) -> str:
    """The type it came with where that is one of sounds, films or models; browsers are told nothing else."""
    kind = media_type.partition(";")[0].strip().lower()
    return kind if kind.startswith(("audio/", "video/", "model/")) else "application/octet-stream"


def _is_text(content: bytes, media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    if not kind.startswith(_TEXTS) or kind in _NOT_PLAIN:
        return False
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
