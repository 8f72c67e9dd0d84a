"""Keep the index up to date beside a server's work: little by a thread, much by a process that lets others go first."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from pathlib import Path

from exporters.explorer.filling import Filler
from exporters.processes import start_beside

_log = logging.getLogger(__name__)
_CALL = "from exporters.explorer.filling import main; import sys; main(sys.argv[1])"

MOST_DAYS, MOST_RUNS = 9, 100
"""What a thread takes upon itself: more would keep the other threads of its process waiting."""


LONG_SECONDS = 2.0
"""After which nobody waits for a process any more: lists have the latest runs by then, and say that more will come."""


class IndexKeeper:
    """Fills the index of one data directory whenever somebody asks; may be shared by threads."""

    def __init__(self, data_dir: str | Path) -> None:
        self._data_dir = Path(data_dir)
        self._filler = Filler(data_dir)
        self._changed = threading.Condition()
        self._wanted = self._done = 0
        self._is_at_work = False
        self._since: float | None = None
        self.trouble = ""

    def caught_up(self, seconds: float) -> bool:
        """Have the index be where the store is now; whether it is after so many seconds. Otherwise that goes on."""
        with self._changed:
            self._wanted += 1
            mine = self._wanted
            if not self._is_at_work:
                self._is_at_work = True
                # A thread that lives as long as there is something to do: nobody has to end it.
                threading.Thread(target=self._work, name="otel-tracking index", daemon=True).start()
            self._changed.wait_for(lambda: self._done >= mine or self._takes_long(), seconds)
            return self._done >= mine

    def _takes_long(self) -> bool:
        return self._since is not None and time.monotonic() - self._since > LONG_SECONDS

    def _work(self) -> None:
        while True:
            with self._changed:
                wanted = self._wanted
                if self._done == wanted:
                    self._is_at_work = False
                    return
            self._fill()
            with self._changed:
                self._done = wanted
                self._changed.notify_all()

    def _fill(self) -> None:
        try:
            if not self._filler.fill(most_days=MOST_DAYS, most_runs=MOST_RUNS):
                self._have_filled()
            self.trouble = ""
        except (sqlite3.Error, OSError) as trouble:
            if not self.trouble:
                _log.warning("the index of runs cannot be brought up to date: %s", type(trouble).__name__)
            self.trouble = str(trouble)
        except Exception as trouble:  # whatever a run holds: the list goes on with what it has
            _log.error("the index of runs was not brought up to date: %s", type(trouble).__name__)
            self.trouble = type(trouble).__name__

    def _have_filled(self) -> None:
        self._since = time.monotonic()
        try:
            self._run_process()
        finally:
            self._since = None

    def _run_process(self) -> None:
        process = start_beside(_CALL, os.fsencode(self._data_dir))
        if code := process.wait():
            raise OSError(f"a process that filled it ended with {code}")
