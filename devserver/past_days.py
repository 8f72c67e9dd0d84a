"""Join the files of past days while a server runs, in a process that lets others go first."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from exporters import compact
from exporters.errors import CompactionRunning
from exporters.processes import start_beside
from exporters.storage.reading.crowded_days import MANY, crowded_days

FIRST_SECONDS, LOOK_SECONDS = 60.0, 3600.0
"""A start is left in peace; after that a day is joined within an hour of its end."""

_BUSY = 75
"""The exit code of a process that left it to the next look."""

_log = logging.getLogger(__name__)
_CALL = "from devserver.past_days import main; import sys; main(sys.argv[1])"


@contextlib.contextmanager
def joining_past_days(data_dir: Path) -> Iterator[None]:
    """While the block lasts, past days that have many files are compacted. Its end waits for none: it may be killed."""
    keeper = DayKeeper(data_dir)
    keeper.start()
    try:
        yield
    finally:
        keeper.close()


class DayKeeper:
    """Looks once in a while whether there is a day to compact."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._thread = threading.Thread(target=self._work, name="otel-tracking past days", daemon=True)
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._left: Mapping[dt.date, int] = {}

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop; a compaction that is under way is killed, and the next one finishes it."""
        with self._lock:
            self._is_over.set()
            if self._process:
                self._process.kill()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> bool:
        """Whether there was a day to compact, which is over when this returns."""
        days = crowded_days(self._data_dir)
        # What is damaged stays as it is, and is not looked at again until there is more.
        if not days.items() - self._left.items():
            return False
        if self._compact():
            self._left = crowded_days(self._data_dir)
        return True

    def _work(self) -> None:
        wait = FIRST_SECONDS
        while not self._is_over.wait(wait):
            wait = LOOK_SECONDS
            try:
                self.look()
            except Exception as trouble:  # the server goes on without
                _log.warning("past days were not compacted: %s", type(trouble).__name__)

    def _compact(self) -> bool:
        """Have it done; whether it was."""
        with self._lock:
            if self._is_over.is_set():
                return False
            process = self._process = start_beside(_CALL, os.fsencode(self._data_dir))
        code = process.wait()
        with self._lock:
            self._process = None
            if code not in (0, _BUSY) and not self._is_over.is_set():
                _log.warning("past days were not compacted: a process that did it ended with %s", code)
        return code == 0


def main(data_dir: str) -> None:
    """Compact the past days of a data directory that have many files; ends with `_BUSY` if somebody else is at it."""
    from exporters.erasure import pending

    os.nice(10)
    # An erasure that a death interrupted is finished by whoever opens the store next, who says so.
    if pending(Path(data_dir)) is not None:
        sys.exit(_BUSY)
    try:
        compact(data_dir, at_least=MANY)
    except CompactionRunning:
        sys.exit(_BUSY)
