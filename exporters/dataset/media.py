"""Put the media of a run into a dataset, where its rows say they are: one file at a time, only what was recorded."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from exporters.errors import UnsafePath
from exporters.storage.files import PRIVATE_DIRECTORY, PRIVATE_FILE, naming
from exporters.storage.writing.media import inside, stored_file
from otel_tracking.record import ExecutionRecord

MEDIA = "media"
"""The folder of a dataset that has them; `file_path` begins with it."""

_AT_ONCE = 1 << 20


def copy_media(data_dir: Path, out: Path, items: pa.Table) -> frozenset[str]:
    """Copy the files that rows of `items` name, as far as they are what was recorded; which paths are there now."""
    named = items.filter(pc.and_(pc.is_valid(items["file_path"]), pc.is_valid(items["media_sha256"])))
    pairs = dict.fromkeys(zip(named["file_path"].to_pylist(), named["media_sha256"].to_pylist(), strict=True))
    return frozenset(path for path, sha256 in pairs if _copy(data_dir, out, path, sha256))


def write_media(record: ExecutionRecord, out: Path) -> frozenset[str]:
    """Write the media of a record as it leaves, which are its attachments; which paths are there now."""
    media = ((item.file_path, item.media.sha256 or "") for item in record.items if item.media and item.file_path)
    found = {path: record.attachments[sha256] for path, sha256 in media if sha256 in record.attachments}
    return frozenset(path for path, content in found.items() if _write(inside(out, path), content))


def _copy(data_dir: Path, out: Path, file_path: str, sha256: str) -> bool:
    """Whether the file is in the dataset now; what has another content than was recorded is damaged, or another's."""
    source = stored_file(data_dir, file_path)
    try:
        if source is None or (target := inside(out, file_path)).exists():
            return source is not None and _sha256(target) == sha256
        with source.open("rb") as stored, _new(target) as file:
            while part := stored.read(_AT_ONCE):
                file.write(part)
    except (UnsafePath, FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return False
    is_right = _sha256(target) == sha256
    if not is_right:
        target.unlink()
    return is_right


def _write(target: Path, content: bytes) -> bool:
    """Whether the content is there now. Short ids may meet: what another run has there is not overwritten."""
    if target.exists():
        return target.read_bytes() == content
    with _new(target) as file:
        file.write(content)
    return True


@contextlib.contextmanager
def _new(target: Path) -> Iterator[BinaryIO]:
    """A new private file. It is not synced: one sync for the whole dataset costs less than thousands."""
    with naming(target):
        _make_private(target.parent)
        with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE), "wb") as file:
            yield file


def _make_private(directory: Path) -> None:
    if not directory.is_dir():
        _make_private(directory.parent)
        directory.mkdir(mode=PRIVATE_DIRECTORY)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
