"""Fetch media of runs from where they lie by their sha256 to where the items say that they are."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from exporters.errors import StorageError, UnsafePath
from exporters.storage.files import make_directory, write_file
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.records import read_rows
from exporters.storage.writing.media import inside
from otel_tracking.extras import Extra

MediaSource = Callable[[str], bytes | None]
"""The bytes of a sha256; None where they have not arrived."""


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
        if content is not None and hashlib.sha256(content).hexdigest() == sha256:
            make_directory(path.parent)
            write_file(path, content)
            return True
    return False


def media_source(where: str) -> MediaSource:
    """The media at `s3://bucket/prefix`, another object store, or in a folder, as a DevServer's media store has them.

    Credentials, region and endpoint are those of the usual variables. Raises `StorageError` where it cannot be used.
    """
    with Extra("delta", "Media on object storage need"):
        import obstore
        from obstore.store import LocalStore, from_url
    try:
        store: Any = from_url(where) if "://" in where else LocalStore(Path(where).expanduser().absolute(), mkdir=True)
    except Exception as trouble:
        raise StorageError(f"{where} is no store of media; s3://bucket/prefix or a folder would work") from trouble

    def fetch(sha256: str) -> bytes | None:
        try:
            return bytes(obstore.get(store, f"media/{sha256[:2]}/{sha256}").bytes())
        except FileNotFoundError:
            return None
        except Exception as trouble:
            first = str(trouble).strip().partition("\n")[0][:200]
            raise StorageError(f"{where} cannot be read: {first}") from trouble

    return fetch
