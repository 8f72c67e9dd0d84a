"""Fetch media of runs from where they lie by their sha256 to where the items say that they are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from exporters.errors import UnsafePath
from exporters.storage.files import make_directory, write_file
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.records import read_rows
from exporters.storage.writing.media import inside

MediaSource = Callable[[str], bytes | None]
"""The bytes of a sha256; None where they have not arrived, or are others."""


def fetch_media(source: MediaSource, home: Path, rows: Iterable[ExecutionRow]) -> Sequence[str]:
    """Bring the media of these runs; the sha256 of those that have not arrived, or are not what they should be."""
    missing: dict[str, None] = {}
    for _, record in read_rows(home, rows, on_damage=Damages()):
        for item in record.items if record else ():
            sha256 = item.media.sha256 if item.media else None
            if sha256 and isinstance(item.file_path, str) and not _bring(source, home, item.file_path, sha256):
                missing[sha256] = None
    return tuple(missing)


def _bring(source: MediaSource, home: Path, file_path: str, sha256: str) -> bool:
    with contextlib.suppress(UnsafePath):
        path = inside(home, file_path)
        if path.is_file():
            return True
        content = source(sha256)
        if content is not None:
            make_directory(path.parent)
            write_file(path, content)
            return True
    return False
