"""Pictures, sounds and films as sources of a project; what the format has no source for, or is not here, as a note."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from exporters.collections.journey import NOT_SAFE
from exporters.collections.names import UniqueNames, file_name
from exporters.collections.refi.codebook import ITEM_TYPE, SAFETY, CodeBook
from exporters.collections.refi.elements import USER, coding, date_time, element
from exporters.collections.refi.guids import guid
from exporters.collections.refi.runs import CaseRun
from exporters.collections.refi.sources import FOLDER, Source, plain_text
from exporters.story.boxes import box_of
from exporters.story.parts import Box, Medium
from exporters.story.words import words_of
from otel_tracking.record import ExecutionItem
from otel_tracking.taxonomy import ItemType
from otel_tracking.values.media_types import media_type_of

NOTE = "Note"
_LARGEST = 2_147_483_647
"""Bytes of a file inside of a project."""

_KINDS = {
    "image/png": ("PictureSource", ".png"),
    "image/jpeg": ("PictureSource", ".jpg"),
    "audio/mpeg": ("AudioSource", ".mp3"),
    "audio/mp4": ("AudioSource", ".m4a"),
    "audio/wav": ("AudioSource", ".wav"),
    "video/mp4": ("VideoSource", ".mp4"),
}
"""Elements and suffixes, by what the first bytes of a file show, whatever its item says that it is."""


class _Found(NamedTuple):
    """A medium of a run; `key` tells it from every other."""

    run: CaseRun
    item: ExecutionItem
    box: Box
    medium: Medium
    key: tuple[object, ...]

    @property
    def guid(self) -> str:
        return guid(*self.key)

    @property
    def name(self) -> str:
        told = (self.run.name, self.box.item_type, self.box.output)
        return file_name(" ".join(str(one) for one in told if one is not None))


def media_of(run: CaseRun, book: CodeBook, names: UniqueNames, language: str) -> Iterator[Source]:
    """A source or note for each medium of a run, one at a time."""
    words = words_of(language)
    for place, item in enumerate(run.record.items, start=1):
        box = box_of(item, run.record.attachments, words, with_parameters=False)
        if box.medium:
            found = _Found(run, item, box, box.medium, ("medium", *run.key, place))
            content = _fitting(box.medium.content)
            kind = _KINDS.get(media_type_of(content) or "") if content else None
            if content and kind:
                yield _source(found, *kind, content, book, names)
            else:
                yield _note(found, names, language)


def _fitting(content: bytes | None) -> bytes | None:
    return content if content and len(content) <= _LARGEST else None


def _source(found: _Found, tag: str, suffix: str, content: bytes, book: CodeBook, names: UniqueNames) -> Source:
    file = f"{found.guid}{suffix}"
    codings = [coding(code, found.item.timestamp, *found.key) for code in _codes(found, book)]
    made = element(
        tag,
        [*codings, *found.run.values(item_type=found.box.item_type)],
        guid=found.guid,
        name=names.give(found.name, suffix),
        path=f"internal://{file}",
        creatingUser=USER,
        creationDateTime=date_time(found.item.timestamp),
    )
    return Source(made, f"{FOLDER}/{file}", content, is_pressed=False)


def _codes(found: _Found, book: CodeBook) -> Iterator[str]:
    """The type of an output, and that it was blocked once it was made."""
    yield book.use(ITEM_TYPE, found.box.item_type)
    blocked = {item.loop_iteration for item in found.run.record.items_of(ItemType.OUTPUT_BLOCKED)}
    if found.item.loop_iteration is not None and found.item.loop_iteration in blocked:
        yield book.use(ITEM_TYPE, ItemType.OUTPUT_BLOCKED.value)
        yield book.use(SAFETY, NOT_SAFE)


def _note(found: _Found, names: UniqueNames, language: str) -> Source:
    """What is known of a medium that is no source."""
    words, medium = words_of(language), found.medium
    known = {
        "file_path": medium.file_path,
        "media": " ".join(one for one in (medium.mime_type, medium.size) if one),
        "sha256": medium.sha256,
    }
    lines = [found.box.label, *(f"{words[name]}: {value}" for name, value in known.items() if value)]
    values = found.run.values(item_type=found.box.item_type)
    text = "\n".join(lines) + "\n"
    return plain_text(NOTE, found.guid, names.give(found.name), text, found.item.timestamp, values)
