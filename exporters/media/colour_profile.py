"""Colour profiles of pictures: kept as far as they say what colours are, and without what else they say.

A profile is a table of tags (ICC.1:2022, 7). Those that define colours stay; descriptions, the names of devices, makers
and persons, dates and whatever a program put there go.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_LARGEST = 2**21
_HEAD, _ENTRY = 128, 12
_SPACES = {b"RGB ": ("RGB", "RGBA"), b"GRAY": ("L", "LA")}
_TAGS = frozenset(
    name.encode()
    for name in (
        *("wtpt", "bkpt", "chad", "chrm", "cicp", "lumi", "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC", "kTRC"),
        *(f"{way}{number}" for way in ("A2B", "B2A", "D2B", "B2D") for number in range(4)),
    )
)
_TYPES = frozenset((b"XYZ ", b"curv", b"para", b"sf32", b"chrm", b"cicp", b"mft1", b"mft2", b"mAB ", b"mBA ", b"mpet"))
_ENOUGH = (
    frozenset((b"A2B0",)),
    frozenset((b"kTRC",)),
    frozenset((b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")),
)
"""One of these sets of tags has to be there: a table, a curve for grey, or three colours with their curves."""

_SAID = "colours"
"""What stands for the description and the copyright, which every profile has to have."""


def plain_profile(profile: bytes, mode: str) -> bytes | None:
    """The profile with its colours alone; None where it is none for pictures of that mode."""
    try:
        is_profile = _HEAD + 4 <= len(profile) <= _LARGEST and profile[36:40] == b"acsp"
        if not is_profile or mode not in _SPACES.get(profile[16:20], ()):
            return None
        tags = dict(_colour_tags(profile))
        if not any(wanted <= tags.keys() for wanted in _ENOUGH):
            return None
        made = _put_together(profile, tags)
        return made if _is_understood(made) else None
    except (struct.error, ValueError):
        return None


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in the colours that everything shows; as it is where the profile cannot be used."""
    from PIL import ImageCms

    if not profile or len(profile) > _LARGEST:
        return image
    if profile[16:20] == b"GRAY" and image.mode in ("RGB", "RGBA"):
        return _grey_in_srgb(image, profile)
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = "RGBA" if image.mode == "RGBA" else "RGB"
        made = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode=target)
    except (ImageCms.PyCMSError, ValueError, OSError):
        return image
    if made is None:
        return image
    # It comes with a profile of the moment it was made in.
    made.info.pop("icc_profile", None)
    return made


def _grey_in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Grey that was written as colours, because it may be clear in places."""
    red, green, blue = image.split()[:3]
    if not red.tobytes() == green.tobytes() == blue.tobytes():
        return image
    made = in_srgb(red, profile).convert("RGB")
    if image.mode == "RGBA":
        made.putalpha(image.getchannel("A"))
    return made


def _colour_tags(profile: bytes) -> list[tuple[bytes, bytes]]:
    (count,) = struct.unpack_from(">I", profile, _HEAD)
    if count > 100:
        raise ValueError("more tags than any profile has")
    entries = [struct.unpack_from(">4sII", profile, _HEAD + 4 + _ENTRY * number) for number in range(count)]
    found = [(name, profile[start : start + size]) for name, start, size in entries if name in _TAGS]
    return [(name, body) for name, body in found if body[:4] in _TYPES]


def _put_together(profile: bytes, tags: dict[bytes, bytes]) -> bytes:
    is_new = profile[8] >= 4
    tags |= {
        b"desc": _description() if not is_new else _text(),
        b"cprt": b"text\0\0\0\0none\0" if not is_new else _text(),
    }
    start = _HEAD + 4 + _ENTRY * len(tags)
    table, bodies = b"", b""
    for name in sorted(tags):
        body = tags[name]
        table += struct.pack(">4sII", name, start + len(bodies), len(body))
        bodies += body + b"\0" * (-len(body) % 4)
    rest = struct.pack(">I", len(tags)) + table + bodies
    return _head(profile, _HEAD + len(rest)) + rest


def _head(profile: bytes, size: int) -> bytes:
    """The head with what colours need: version, class, spaces, intent, illuminant."""
    when = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    kept = profile[8:24] + when + b"acsp" + bytes(24) + profile[64:80]
    return struct.pack(">I4x", size) + kept + bytes(_HEAD - 8 - len(kept))


def _description() -> bytes:
    text = _SAID.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)


def _text() -> bytes:
    text = _SAID.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(text), 28) + text


def _is_understood(profile: bytes) -> bool:
    from PIL import ImageCms

    try:
        ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return False
    return True
