"""Copy the media of a record out of the data directory: as they are, without texts, or clean for students."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from exporters.errors import UnsafePath
from exporters.media.clean_media import clean_copy
from exporters.media.png_text import strip_text_chunks
from exporters.storage.files import write_file
from exporters.storage.writing.media import inside, read_stored, stored_file
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.view import view_of


@dataclass(frozen=True, slots=True)
class Copied:
    """The files that were written, and the `file_path`s of those not there as recorded, or not made clean."""

    written: tuple[Path, ...]
    missing: tuple[str, ...]
    unclean: tuple[str, ...] = ()


def copy_media(
    record: ExecutionRecord,
    data_dir: Path,
    into: Path,
    *,
    strip_texts: bool = False,
    audience: str = Audience.RESEARCHER,
) -> Copied:
    """Write each media file of the record below `into`, where its `file_path` says: a document there leads to it.

    `strip_texts` leaves out what PNG files hold beside the picture (prompts, whole graphs); the originals are not
    touched. A `student` gets nothing that a safety check said no to, and clean copies of the rest
    (`clean_media.py`); what cannot be made clean is left out. Raises `UnsafePath` where a copy would be its
    original.
    """
    written, missing, unclean = [], [], []
    for file_path, item in _files(record, audience).items():
        sha256, media_type = (item.media.sha256, item.media.type) if item.media else (None, None)
        # What the record brought along counts: of one that was made to leave, the store has other files.
        content = record.attachments.get(sha256) if sha256 else None
        content = read_stored(data_dir, file_path, sha256) if content is None else content
        source = stored_file(data_dir, file_path)
        if content is None:
            missing.append(file_path)
            continue
        target = inside(into, file_path)
        if source and target.exists() and target.samefile(source):
            raise UnsafePath(f"{target} is the original itself; a directory outside of the data would work")
        copy = _copy_of(content, str(media_type or ""), audience, strip_texts)
        if copy is None:
            unclean.append(file_path)
            continue
        write_file(target, copy)
        written.append(target)
    return Copied(tuple(written), tuple(missing), tuple(unclean))


def places_of_copies(record: ExecutionRecord, into: Path, audience: str = Audience.RESEARCHER) -> list[Path]:
    """Where `copy_media` would write."""
    places = []
    for file_path in _files(record, audience):
        with contextlib.suppress(UnsafePath):  # of these there is no copy
            places.append(inside(into, file_path))
    return places


def _copy_of(content: bytes, media_type: str, audience: str, strip_texts: bool) -> bytes | None:
    if audience == Audience.STUDENT:
        clean = clean_copy(content, media_type)
        return clean.content if clean else None
    return strip_text_chunks(content) if strip_texts else content


def _files(record: ExecutionRecord, audience: str) -> dict[str, ExecutionItem]:
    """The files of the record that this audience may have, each once, with an item that names it."""
    view = view_of(record, audience)
    return {item.file_path: item for item in record.items if isinstance(item.file_path, str) and view.shows(item)}
