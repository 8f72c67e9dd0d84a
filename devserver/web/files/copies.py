"""Copies of media, made when somebody asks and kept for a while: small ones for pages, clean ones for students."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from exporters.media.clean_media import clean_copy
from exporters.media.pictures import Copy
from exporters.media.thumbnails import thumbnail

MOST_BYTES = 48 * 2**20


class Copies:
    """Makes one copy at a time, and each once: a class that looks at the same picture has it drawn for all."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._size = most_bytes, 0
        self._made: OrderedDict[bytes, Copy | None] = OrderedDict()
        self._lock = threading.Lock()

    def clean(self, content: bytes, media_type: str) -> Copy | None:
        """The medium without what it says of itself; None for what cannot be made clean."""
        return self._copy("clean", content, media_type, lambda: clean_copy(content, media_type))

    def thumbnail(self, content: bytes) -> Copy | None:
        """A small JPEG of a picture; None for what is none."""
        return self._copy("small", content, "", lambda: _small(content))

    def _copy(self, kind: str, content: bytes, media_type: str, make: Callable[[], Copy | None]) -> Copy | None:
        key = hashlib.sha256(f"{kind} {media_type}\0".encode() + content).digest()
        # The lock is held while it is made, so that pictures are unpacked one by one: each may take 200 MB.
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
            made = make()
            self._keep(key, made)
            return made

    def _keep(self, key: bytes, made: Copy | None) -> None:
        self._made[key] = made
        self._size += _size_of(made)
        while self._size > self._most:
            self._size -= _size_of(self._made.popitem(last=False)[1])


def _size_of(made: Copy | None) -> int:
    return 100 + (len(made.content) if made else 0)


def _small(content: bytes) -> Copy | None:
    small = thumbnail(content)
    return None if small is None else Copy(small, "image/jpeg")
