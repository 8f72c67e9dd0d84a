"""Media that lie in an object store or a folder by their sha256, as a DevServer's media store brings them there."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from exporters.delta.tables import first_sentence
from exporters.errors import StorageError
from otel_tracking.extras import Extra


class StoredMedia:
    """The media at `s3://bucket/prefix`, another object store, or in a folder.

    Credentials, region and endpoint are those of the usual variables. Raises `StorageError` where it cannot be used.
    """

    def __init__(self, where: str) -> None:
        with Extra("delta", "Media on object storage need"):
            from obstore.store import LocalStore, from_url
        # A URI may have a name and a key in it.
        self._said = where.rpartition("@")[2].partition("?")[0]
        try:
            self._store: Any = (
                from_url(where) if "://" in where else LocalStore(Path(where).expanduser().absolute(), mkdir=True)
            )
        except Exception as trouble:
            raise StorageError(
                f"{self._said} is no store of media; s3://bucket/prefix or a folder would work"
            ) from trouble

    def place_of(self, sha256: str) -> str:
        """Where a medium is."""
        return f"{self._said.rstrip('/')}/{_name(sha256)}"

    def fetch(self, sha256: str) -> bytes | None:
        """The bytes; None where they have not arrived, or are others."""
        import obstore

        content: bytes | None = self._tried(lambda: bytes(obstore.get(self._store, _name(sha256)).bytes()))
        return content if content is not None and hashlib.sha256(content).hexdigest() == sha256 else None

    def remove(self, sha256: str) -> int | None:
        """Remove it; how many bytes that were, None where it is not there."""
        import obstore

        def remove() -> int:
            size = int(obstore.head(self._store, _name(sha256))["size"])
            obstore.delete(self._store, _name(sha256))
            return size

        removed: int | None = self._tried(remove)
        return removed

    def _tried(self, call: Any) -> Any:
        try:
            return call()
        except FileNotFoundError:
            return None
        except Exception as trouble:
            raise StorageError(f"{self._said} cannot be reached: {first_sentence(trouble)}") from trouble


def _name(sha256: str) -> str:
    return f"media/{sha256[:2]}/{sha256}"
