"""Store the media of a record where its items say they are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from exporters.errors import BrokenFile, UnsafePath
from exporters.storage.files import make_directory, replacing, write_file
from exporters.storage.layout import folder_name
from otel_tracking.columns import RecordColumns
from otel_tracking.record import ExecutionRecord

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A medium that lies in a file elsewhere and is too large to be held: its sha256 (hex) is known."""

    path: Path
    sha256: str


def store_media(media: Mapping[Path, bytes | MediaFile]) -> None:
    """Write each of the files (content by path, see `media_paths`); one with the same content is left alone.

    Raises `BrokenFile` where a `MediaFile` is not what it was, or is a link; nothing is left of it.
    """
    for path, content in media.items():
        if isinstance(content, MediaFile):
            _copy(content, path)
        elif not _holds(path, content):
            make_directory(path.parent)
            write_file(path, content)


def media_paths(
    data_dir: Path, columns: RecordColumns, files: Mapping[str, MediaFile] | None = None
) -> dict[Path, bytes | MediaFile]:
    """Content by path: where an item names its file (`files` by that), else under the record's folder by sha256."""
    elsewhere = {inside(data_dir, file_path): file for file_path, file in (files or {}).items()}
    return {**attached_at(data_dir, columns.head, named_in(data_dir, columns.head, columns.items)), **elsewhere}


def named_in(data_dir: Path, head: ExecutionRecord, items: Mapping[str, Sequence[Any]]) -> dict[str, Path]:
    """Where items name the files of their attached media, by sha256."""
    if not head.attachments:
        return {}
    named = {}
    for media, file_path in zip(items["media"], items["file_path"], strict=True):
        if media and file_path and media.sha256 in head.attachments:
            named[media.sha256] = inside(data_dir, file_path)
    return named


def attached_at(data_dir: Path, head: ExecutionRecord, named: Mapping[str, Path]) -> dict[Path, bytes | MediaFile]:
    """The attached media by path, as far as they are `named`; others are under the record's folder by sha256."""
    if not head.attachments:
        return {}
    folder = data_dir / "media" / folder_name(head.execution_id)
    return {named.get(sha256, folder / sha256): content for sha256, content in head.attachments.items()}


def load_media(data_dir: str | Path, record: ExecutionRecord) -> ExecutionRecord:
    """`record` with its media files as attachments, as far as they lie where media lie and are what was recorded."""
    found: dict[str, bytes] = {}
    for item in record.items:
        sha256 = item.media.sha256 if item.media else None
        if sha256 and sha256 not in record.attachments and sha256 not in found:
            content = read_stored(Path(data_dir), item.file_path, sha256)
            found |= {} if content is None else {sha256: content}
    return replace(record, attachments={**found, **record.attachments}) if found else record


def read_stored(data_dir: Path, file_path: object, sha256: object = None) -> bytes | None:
    """The bytes of the file that an item names; None where `stored_file` has none, or it cannot be read.

    Also None where they are not those of `sha256`, if one was recorded: a damaged picture, or another run's.
    """
    path = stored_file(data_dir, file_path)
    try:
        content = path.read_bytes() if path else None
    except OSError:
        return None
    if content is not None and sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        return None
    return content


def stored_file(data_dir: Path, file_path: object) -> Path | None:
    """The file that an item's `file_path` names; None for what is no path, leads out of the media, or is not there.

    Records come from anywhere: whoever makes a file of what a record says asks here, or `inside`.
    """
    if not isinstance(file_path, str):
        return None
    try:
        path = inside(data_dir, file_path)
        # A link in there may lead anywhere.
        is_ours = path.resolve(strict=True).is_relative_to((data_dir / "media").resolve())
        return path if is_ours and path.is_file() else None
    except (UnsafePath, OSError, ValueError, RuntimeError):
        return None


def media_name(file_path: object) -> str:
    """The name of the file at the end of a stored path; empty where there is none."""
    return file_path.rpartition("/")[2] if isinstance(file_path, str) else ""


def inside(data_dir: Path, file_path: str) -> Path:
    """The absolute path of a media file; `UnsafePath` for one that would leave the media directory."""
    parts = PurePosixPath(file_path).parts
    if parts[:1] != ("media",) or ".." in parts or "\\" in file_path or "\0" in file_path:
        raise UnsafePath(
            f"file_path {file_path!r:.200} is not below media/. A path relative to the data directory would work, "
            "for example media/<execution_id>/output_1.png"
        )
    return data_dir.joinpath(*parts)


def _copy(medium: MediaFile, path: Path) -> None:
    """The medium at `path`, in pieces, and only if it still is what it was."""
    if path.is_file() and _sha256(path) == medium.sha256:
        return
    digest = hashlib.sha256()
    with replacing(path) as file, _opened(medium.path) as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        if digest.hexdigest() != medium.sha256:
            raise BrokenFile(f"{medium.path} was changed while it was copied; once more would work")


def _opened(path: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as trouble:
        raise BrokenFile(f"{path} cannot be copied: {trouble.strerror or trouble}") from trouble


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _holds(path: Path, content: bytes) -> bool:
    if not path.is_file() or path.stat().st_size != len(content):
        return False
    return hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()
