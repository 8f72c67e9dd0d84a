"""Keep a body that is sent in pieces, while it is sent."""

from __future__ import annotations

import hashlib


class Upload:
    """The pieces of a request's body; beyond `limit` bytes only their size and sha256."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] | None = []
        self._hash = hashlib.sha256()
        self.bytes = 0

    def take(self, piece: bytes) -> None:
        """The next piece."""
        self.bytes += len(piece)
        self._hash.update(piece)
        if self._pieces is not None:
            self._pieces.append(bytes(piece))
            if self.bytes > self._limit:
                self._pieces = None

    def whole(self) -> bytes | None:
        """All that was taken, or None where it was too much to keep."""
        return None if self._pieces is None else b"".join(self._pieces)

    def reference(self, media_type: str | None) -> dict[str, object]:
        """A media reference to what was taken."""
        return {"media": {"sha256": self._hash.hexdigest(), "bytes": self.bytes, "type": media_type}}
