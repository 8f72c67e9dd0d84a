"""Read what will be asked for next, while nobody waits for it: whoever lists runs opens some of them."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Row = TypeVar("Row")


class ReadAhead(Generic[Row]):
    """Has `read` look at rows one by one, in a thread that ends when none is left, or the program does."""

    def __init__(self, read: Callable[[Row], object]) -> None:
        self._read = read
        self._rows: deque[Row] = deque()
        self._thread: threading.Thread | None = None

    def want(self, rows: Iterable[Row]) -> None:
        """These next, in the place of those that were wanted before."""
        self._rows = deque(rows)
        # A forked child has no thread of its parent's, and knows it.
        if self._rows and (self._thread is None or not self._thread.is_alive()):
            # Not a daemon: those are stopped in the middle of reading when the interpreter ends.
            self._thread = threading.Thread(target=self._work, name="otel-tracking reads ahead", daemon=False)
            self._thread.start()

    def stop(self) -> None:
        """Read nothing more; when this returns, nothing is being read."""
        self.want(())
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _work(self) -> None:
        while threading.main_thread().is_alive():
            try:
                row = self._rows.popleft()
            except IndexError:
                return
            with contextlib.suppress(Exception):  # whoever asks for it is told what is wrong with it
                self._read(row)
