"""Where finished records wait for their sinks: a limited number in memory, the others in files."""

from __future__ import annotations

from typing import Any

from collectors.delivery import Parcel
from collectors.flight_recorder import RunJournal
from collectors.spill import Spill
from otel_tracking.errors import Troubles

MAX_PENDING = 256
"""Records that may wait in memory unless a recording says otherwise."""

MAX_MEDIA_BYTES = 256 * 2**20
"""Bytes of media that may wait in memory with them."""


class WaitingRoom:
    """Holds what is on its way to the sinks; used by the assembly thread, left by the threads of the sinks."""

    def __init__(self, files: Spill, troubles: Troubles, *, max_pending: int = MAX_PENDING) -> None:
        self._files, self._troubles, self._max_pending = files, troubles, max_pending
        self._in_memory: dict[Parcel, tuple[RunJournal, int]] = {}
        self._in_files: set[Parcel] = set()
        self.put_aside = 0

    def admit(self, parcel: Parcel, journal: RunJournal) -> None:
        """Let a record wait in memory while there is room, else in a file; its journal is free then."""
        media_bytes = sum(map(len, parcel.record.attachments.values()))
        waiting = list(self._in_memory.values())
        is_full = len(waiting) >= self._max_pending or (
            media_bytes + sum(held for _, held in waiting) > MAX_MEDIA_BYTES and media_bytes > 0
        )
        if not (is_full and self._put_aside(parcel, journal)):
            self._in_memory[parcel] = (journal, media_bytes)

    def leave(self, parcel: Parcel) -> None:
        """A record is durable in all sinks."""
        self._in_memory.pop(parcel, None)
        self._in_files.discard(parcel)

    def close(self) -> None:
        """Keep what no sink took in files, where there may be some, and leave those to the next start."""
        for parcel, (journal, _) in list(self._in_memory.items()):
            if self._files.directory:
                self._put_aside(parcel, journal)
        self._files.close()

    def health(self) -> dict[str, Any]:
        """What waits where."""
        return {
            "pending_in_memory": len(self._in_memory),
            "pending_in_files": len(self._in_files),
            "put_aside": self.put_aside,
            "spill_directory": self._files.directory,
        }

    def _put_aside(self, parcel: Parcel, journal: RunJournal) -> bool:
        try:
            parcel.put_aside(self._files)
        except Exception:
            # No directory, or a full disk: it stays in memory and in its journal. Nothing is dropped.
            self._troubles.counts["spill"] += 1
            return False
        self._in_memory.pop(parcel, None)
        self._in_files.add(parcel)
        self.put_aside += 1
        journal.free()
        return True
