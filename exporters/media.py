"""Store the media of a record where its items say they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from exporters.errors import UnsafePath
from exporters.files import make_directory, write_file
from exporters.layout import folder_name
from otel_tracking.record import ExecutionRecord


def store_media(media: Mapping[Path, bytes]) -> None:
    """Write each of the files (content by path, see `media_paths`); one with the same content is left alone."""
    for path, content in media.items():
        if not _holds(path, content):
            make_directory(path.parent)
            write_file(path, content)


def media_paths(data_dir: Path, record: ExecutionRecord) -> dict[Path, bytes]:
    """Content by path: where an item names its file, else under the record's folder by sha256."""
    named = {}
    for item in record.items:
        if item.media and item.file_path and item.media.sha256 in record.attachments:
            named[item.media.sha256] = inside(data_dir, item.file_path)
    folder = data_dir / "media" / folder_name(record.execution_id)
    return {named.get(sha256, folder / sha256): content for sha256, content in record.attachments.items()}


def load_media(data_dir: str | Path, record: ExecutionRecord) -> ExecutionRecord:
    """`record` with its media files as attachments, as far as they are there."""
    found: Mapping[str, bytes] = {
        item.media.sha256: path.read_bytes()
        for item in record.items
        if item.media and item.media.sha256 and item.file_path
        if (path := inside(Path(data_dir), item.file_path)).is_file()
    }
    return replace(record, attachments={**record.attachments, **found})


def inside(data_dir: Path, file_path: str) -> Path:
    """The absolute path of a media file; `UnsafePath` for one that would leave the media directory."""
    parts = PurePosixPath(file_path).parts
    if parts[:1] != ("media",) or ".." in parts or "\\" in file_path or "\0" in file_path:
        raise UnsafePath(
            f"file_path {file_path!r:.200} is not below media/. A path relative to the data directory would work, "
            "for example media/<execution_id>/output_1.png"
        )
    return data_dir.joinpath(*parts)


def _holds(path: Path, content: bytes) -> bool:
    if not path.is_file() or path.stat().st_size != len(content):
        return False
    return hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()
