"""Keep the journals of all runs of this process, where they survive it.

A recorder never raises and never makes its caller wait. Where there is no RAM disk to be had it is "memory only": every
call works and does nothing, and `health` says why.
"""

from __future__ import annotations

import contextlib
import logging
from enum import StrEnum
from functools import partial
from itertools import count
from pathlib import Path

from collectors.flight_recorder import place
from collectors.flight_recorder.background import Counts
from collectors.flight_recorder.journal import RunJournal
from collectors.flight_recorder.layout import LARGEST_SEGMENT, SMALLEST_SEGMENT
from collectors.flight_recorder.ours import as_text
from collectors.flight_recorder.owner import Taken, take_new
from collectors.flight_recorder.pool import SegmentPool
from collectors.flight_recorder.segments import Segment
from collectors.forks import watch
from collectors.worker import Worker

_CLOSE_SECONDS = 5.0
logger = logging.getLogger(__name__)


class Mode(StrEnum):
    """What a recorder does: it writes, has no place to, or has ended."""

    JOURNAL, MEMORY_ONLY, CLOSED = "journal", "memory only", "closed"


class FlightRecorder:
    """The journals of this process.

    >>> recorder = FlightRecorder()
    >>> run = recorder.begin(trace_id=0x5B8EFFF798038103D269B633813FC60C)
    >>> is_in_the_map = run.append(b"an entry")
    >>> run.free()
    >>> recorder.close()
    """

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        namespace: str = "default",
        segment_bytes: int = 64 * 1024,
        spare_segments: int = 128,
        max_bytes: int = 512 * 2**20,
        force: bool = False,
        enabled: bool = True,
    ) -> None:
        """Take a private directory on a RAM disk (`/dev/shm/otel-tracking-<uid>`) and reserve the first segments.

        `segment_bytes` is rounded up to pages, between 4 KB and 1 MB. `max_bytes` is lowered to half of the RAM disk:
        the other half belongs to whoever else needs it. `force` allows a disk that is not in RAM. Not `enabled`, it is
        memory only because somebody wanted that.
        """
        self.counts = Counts()
        self._own: Taken | None = None
        self._over: Mode | None = None
        """Why nothing is written; None while it is."""
        self._reason = ""
        self._runs: dict[int, RunJournal] = {}
        self._stuck: dict[int, RunJournal] = {}
        self._serials = count(1)
        self._entries_of_ended_runs = 0
        self._is_warned = False
        self._background = Worker("otel-flight-recorder", self.counts.error)
        self._pool = SegmentPool(None, segment_bytes=SMALLEST_SEGMENT, spares=0, max_bytes=0)
        if not enabled:
            self._over, self._reason = Mode.MEMORY_ONLY, "switched off"
            return
        try:
            self._open(directory, namespace, segment_bytes, spare_segments, max_bytes, force)
        except Exception as error:
            reason = f"{error}" if isinstance(error, place.Unusable) else f"{type(error).__name__}: {error}"
            self._over, self._reason = Mode.MEMORY_ONLY, reason
            logger.warning("no flight recorder, records live in memory only: %s", self._reason)
            self._remove_directory()

    def begin(self, trace_id: int) -> RunJournal:
        """Return the journal of a new run; takes a segment that is ready and touches no file."""
        over = self._over
        try:
            trace_id.to_bytes(16, "big")
            run = RunJournal(self, self._pool, trace_id, next(self._serials), over=over)
            if not over:
                self._runs[run.serial] = run
                run.start()
            return run
        except Exception as error:
            self.counts.error(error)
            return RunJournal(self, self._pool, 0, 0, over="not a trace id")

    def health(self) -> dict[str, object]:
        """Return what a person asks when entries are missing."""
        runs = list(self._runs.values())
        pool = self._pool
        return {
            "directory": as_text(self._own.directory.path) if self._own else None,
            "mode": str(Mode.JOURNAL if self._over is None else Mode.MEMORY_ONLY),
            "reason": self._reason or None,
            "space": pool.trouble,
            "runs_open": len(runs),
            "entries": self._entries_of_ended_runs + sum(run.entries for run in runs),
            "entries_waiting": sum(run.waits for run in runs),
            "segment_bytes": pool.segment_bytes,
            "segments_in_use": pool.total - len(pool.spares),
            "segments_spare": len(pool.spares),
            "bytes": pool.bytes,
            "last_error": self.counts.last_error,
            "counters": self.counts.as_dict(),
        }

    def settle(self, timeout: float | None = None) -> None:
        """Wait until everything that waited is in the map, or cannot be."""
        if not self._over:
            self._background.put(self._retry)
            self._background.settle(timeout)

    def close(self) -> None:
        """End all journals; runs that were not freed can be claimed from now on."""
        if self._over:
            return
        self._over, self._reason = Mode.CLOSED, "closed"
        try:
            if self._background.stop(_CLOSE_SECONDS):
                self._leave_directory()
        except Exception as error:
            self.counts.error(error)

    # The rest is for the journals, and for a fork.

    def ask_for_drain(self, run: RunJournal) -> None:
        """Have `run.drain` called on the recorder's thread."""
        self._background.put(partial(self._drain, run))

    def ask_for_free(self, run: RunJournal) -> None:
        """Have `run.free` called on the recorder's thread."""
        self._background.put(run.free)

    def take_back(self, run: RunJournal, segments: list[Segment]) -> None:
        """Have the segments of a freed run made spare."""
        self._stuck.pop(run.serial, None)
        if self._runs.pop(run.serial, None):
            self._entries_of_ended_runs += run.entries
        if segments:
            self._background.put(partial(self._recycle, segments))

    def after_fork(self) -> None:
        """In a forked child: never touch what the parent owns, and wait for nobody."""
        # The maps first: they are closed, not MADV_DONTFORK, because Python unmaps their addresses when the objects
        # die, and by then something else of the child's may live there.
        self._pool.unmap()
        self.counts.reset_lock()
        for run in self._runs.values():
            run.become_inert()
        self._runs = {}
        self._over, self._reason = Mode.MEMORY_ONLY, "inherited by fork; this process needs a recorder of its own"
        if self._own:
            self._own.leave()

    def _open(
        self,
        directory: Path | str | None,
        namespace: str,
        segment_bytes: int,
        spare_segments: int,
        max_bytes: int,
        force: bool,
    ) -> None:
        self._own = take_new(place.base_directory(directory), namespace, force=force)
        own = self._own.directory
        self._pool = SegmentPool(
            own,
            segment_bytes=-(-min(max(segment_bytes, SMALLEST_SEGMENT), LARGEST_SEGMENT) // 4096) * 4096,
            spares=max(1, spare_segments),
            max_bytes=min(max_bytes, place.size_of(own) // 2 or max_bytes),
        )
        self._pool.fill()
        if not self._pool.total:
            raise place.Unusable(f"{as_text(own.path)}: {self._pool.trouble}")
        self._pool.ask_for_more = partial(self._background.put, self._pool.top_up)
        self._background.start()
        self._background.put(self._pool.warm_up)
        watch(self)

    def _drain(self, run: RunJournal) -> None:
        if run.drain():
            self._stuck.pop(run.serial, None)
        else:
            self._stuck[run.serial] = run
            self._warn()

    def _warn(self) -> None:
        if self._pool.trouble and not self._is_warned:
            self._is_warned = True
            logger.warning(
                "the flight recorder has no space left (%s): until runs end, new entries wait in memory only, and "
                "would be lost if the process is killed",
                self._pool.trouble,
            )

    def _recycle(self, segments: list[Segment]) -> None:
        self._pool.recycle(segments)
        self._retry()

    def _retry(self) -> None:
        self._pool.hope_again()
        for run in tuple(self._stuck.values()):
            self._drain(run)

    def _leave_directory(self) -> None:
        runs = list(self._runs.values())
        for run in runs:
            run.stop("closed")
        if any(run.is_in_the_map for run in runs):
            self._give_up_directory()
        else:
            self._remove_directory()

    def _give_up_directory(self) -> None:
        """Let anybody claim the directory; the maps stay, so that a late `free` still counts."""
        self._pool.spares.clear()
        if self._own:
            self._own.let_go(keep=True)

    def _remove_directory(self) -> None:
        with contextlib.suppress(OSError):
            self._pool.remove_files()
        own, self._own = self._own, None
        if own:
            own.let_go(keep=False)
