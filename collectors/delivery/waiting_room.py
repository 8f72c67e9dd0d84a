"""Where finished records wait for their sinks: a limited number in memory, the others in files."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Self

from collectors.delivery.parcel import Parcel
from collectors.delivery.spill import Spill
from collectors.flight_recorder import Unusable
from otel_tracking.errors import Troubles

MAX_PENDING = 256
"""Records that may wait in memory unless a recording says otherwise."""

MAX_MEDIA_BYTES = 256 * 2**20
"""Bytes of media that may wait in memory with them."""

MAX_READY = 192
"""Records that are built ahead of sinks that keep up: a group that is being written, and most of the next."""

PATIENCE = 1.0
"""Seconds without a record becoming durable after which sinks are taken for stalled."""


class WaitingRoom:
    """Holds what is on its way to the sinks; used by the thread that makes records, left by those of the sinks."""

    def __init__(self, files: Spill, troubles: Troubles, *, max_pending: int = MAX_PENDING) -> None:
        self._files, self._troubles, self.max_pending = files, troubles, max_pending
        self._in_memory: dict[Parcel, tuple[Callable[[], None], Callable[[], bool], int]] = {}
        self._in_files: set[Parcel] = set()
        self._somebody_left = threading.Condition()
        self._are_stalled = self._is_closing = False
        self.put_aside = 0
        self._spill_error: str | None = None

    @classmethod
    def without_files(cls, troubles: Troubles) -> Self:
        """One where all records wait in memory: whoever brings them looks that they do not become too many."""
        return cls(Spill(None, "default"), troubles, max_pending=sys.maxsize)

    def wait_for_room(self) -> None:
        """Let the sinks catch up, as long as they do: until then a run is smaller as it is than as a record."""
        with self._somebody_left:
            if self._has_room() or self._are_stalled:
                return
            self._are_stalled = not self._somebody_left.wait_for(self._has_room, PATIENCE)

    def admit(self, parcel: Parcel, let_go: Callable[[], None], survives: Callable[[], bool] = lambda: False) -> None:
        """Let a record wait in memory while there is room, else in a file: then its journal is let go of.

        One that `survives` in its journal is not put into a file: it is too large to be made whole for that.
        """
        media_bytes = parcel.media_bytes
        waiting = list(self._in_memory.values())
        is_full = len(waiting) >= self.max_pending or (
            media_bytes > 0 and media_bytes + sum(held for _, _, held in waiting) > MAX_MEDIA_BYTES
        )
        if not (is_full and not survives() and self._put_aside(parcel, let_go)):
            self._in_memory[parcel] = (let_go, survives, media_bytes)

    def leave(self, parcel: Parcel) -> None:
        """A record is durable in all sinks."""
        self._in_memory.pop(parcel, None)
        self._in_files.discard(parcel)
        with self._somebody_left:
            self._are_stalled = False
            self._somebody_left.notify_all()

    def hurry(self) -> None:
        """Let nobody wait for room any more: the recording is being closed."""
        with self._somebody_left:
            self._is_closing = True
            self._somebody_left.notify_all()

    def close(self) -> None:
        """Keep what no sink took in files, where there may be some, and leave those to the next start."""
        for parcel, (let_go, survives, _) in list(self._in_memory.items()):
            if self._files.directory and not survives():
                self._put_aside(parcel, let_go)
        self._files.close()

    def health(self) -> dict[str, Any]:
        """What waits where."""
        return {
            "pending_in_memory": len(self._in_memory),
            "pending_in_files": len(self._in_files),
            "put_aside": self.put_aside,
            "spill_directory": self._files.directory,
            "spill_error": self._spill_error,
        }

    def _has_room(self) -> bool:
        return self._is_closing or len(self._in_memory) < MAX_READY

    def _put_aside(self, parcel: Parcel, let_go: Callable[[], None]) -> bool:
        try:
            parcel.put_aside(self._files)
        except Exception as trouble:
            # No directory, or a full disk: it stays in memory and in its journal. Nothing is dropped.
            # These two name a path and a reason, other messages may hold what a child wrote.
            what = str(trouble) if isinstance(trouble, OSError | Unusable) else type(trouble).__name__
            self._spill_error = what
            self._troubles.note("spill", what)
            return False
        self._in_memory.pop(parcel, None)
        self._in_files.add(parcel)
        self.put_aside += 1
        let_go()
        return True
