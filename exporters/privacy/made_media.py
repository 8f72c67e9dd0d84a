"""Which media of a run leave, as clean copies with neutral names: what was made, and nothing given or blocked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporters.media.clean_media import clean_copy
from exporters.media.pictures import Copy
from exporters.privacy.text_rules import Clean
from exporters.privacy.walk import Notes
from exporters.storage.layout import folder_name
from otel_tracking.record import ExecutionItem, ExecutionRecord, Media
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType
from otel_tracking.view import View

GIVEN = "given by a person, or not what the pipeline made"
FROM_GIVEN = "a picture that may show what a person gave"
BLOCKED = "blocked"
NOT_THERE = "its bytes are not there"
NOT_CLEAN = "of a kind that cannot be made clean"

_SUFFIXES: Mapping[str, str] = {
    **{"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif", "image/bmp": ".bmp"},
    **{"image/tiff": ".tiff", "image/avif": ".avif", "audio/wav": ".wav", "audio/x-wav": ".wav", "audio/mpeg": ".mp3"},
    **{"audio/ogg": ".ogg", "audio/flac": ".flac", "audio/mp4": ".m4a", "audio/midi": ".mid", "video/mp4": ".mp4"},
    **{"video/webm": ".webm", "video/quicktime": ".mov", "model/gltf-binary": ".glb", "text/plain": ".txt"},
    **{"text/html": ".html", "text/css": ".css", "text/markdown": ".md", "application/json": ".json"},
    **{"application/javascript": ".js", "text/javascript": ".js", "application/xml": ".xml", "text/xml": ".xml"},
    **{"application/x-python": ".py", "text/x-python": ".py", "application/octet-stream": ".bin"},
}
"""The types that a copy may say of itself: a type is a text as well."""

_UNKNOWN = "application/octet-stream"
_SEEN = ("image/", "video/", "model/")
"""A photograph goes on in what was made of it: no rule sees whether a face does."""


@dataclass(slots=True)
class MadeMedia:
    """The clean copies of one run: for each item's number its new `Media` and path, and the bytes by sha256."""

    attachments: dict[str, bytes] = field(default_factory=dict)
    _by_item: dict[int, tuple[Media, str]] = field(default_factory=dict)

    def put_into(self, place: int, item: ExecutionItem) -> ExecutionItem:
        """The item, which is at that place, with its medium and path, if it has one that may leave."""
        medium, path = self._by_item.get(place, (None, None))
        return replace(item, media=medium, file_path=path)

    def take(self, place: int, copy: Copy, path: str) -> None:
        """Let a copy leave."""
        sha256 = hashlib.sha256(copy.content).hexdigest()
        self.attachments[sha256] = copy.content
        self._by_item[place] = Media(sha256, len(copy.content), copy.media_type), path


def made_media(record: ExecutionRecord, view: View, clean: Clean, notes: Notes, execution_id: str) -> MadeMedia:
    """What was made in a run, as clean copies below the folder of `execution_id`. What stays is put into `notes`."""
    made = MadeMedia()
    is_given = any(item.item_type == ItemType.USER_INPUT_IMAGE for item in record.items)
    withheld = {sha256 for item in record.items if _why_not(item, view) and (sha256 := _sha256(item))}
    for place, item in enumerate(record.items):
        if item.media is None and not item.file_path:
            continue
        copy = _why_not(item, view) or _copy_of(item, record.attachments, withheld, clean)
        if isinstance(copy, Copy) and is_given and copy.media_type.startswith(_SEEN):
            copy = FROM_GIVEN
        if isinstance(copy, Copy):
            made.take(place, copy, f"media/{folder_name(execution_id)}/item_{place + 1}{_SUFFIXES[copy.media_type]}")
        else:
            notes.leave_out(f"items[{place}].media", copy)
    return made


def _why_not(item: ExecutionItem, view: View) -> str:
    """Why a medium does not leave, whatever its bytes are; empty where it may."""
    if item.item_type not in OUTPUT_TYPES:
        return GIVEN if item.media else ""
    return BLOCKED if view.is_blocked(item) else ""


def _copy_of(item: ExecutionItem, attachments: Mapping[str, bytes], withheld: set[str], clean: Clean) -> Copy | str:
    sha256 = _sha256(item)
    if sha256 in withheld:
        return GIVEN
    content = attachments.get(sha256) if sha256 else None
    if content is None:
        return NOT_THERE
    copy = clean_copy(content, str((item.media and item.media.type) or ""))
    if copy is None:
        return NOT_CLEAN
    media_type = copy.media_type.partition(";")[0].strip().lower()
    known = Copy(copy.content, media_type if media_type in _SUFFIXES else _UNKNOWN)
    # A text is all that it says: it goes through the rules as any other.
    return _clean_text(known, clean) if copy.content is content else known


def _clean_text(copy: Copy, clean: Clean) -> Copy | str:
    cleaned = clean(copy.content.decode("utf-8", "surrogateescape"))
    return NOT_CLEAN if cleaned.failed else Copy(cleaned.text.encode("utf-8", "surrogateescape"), copy.media_type)


def _sha256(item: ExecutionItem) -> str | None:
    return item.media.sha256 if item.media and isinstance(item.media.sha256, str) else None
