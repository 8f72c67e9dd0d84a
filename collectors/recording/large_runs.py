"""Look at runs of very many items on a thread of their own, so that no other run waits for that."""

from __future__ import annotations

from collections.abc import Callable

from collectors.worker import Worker

LARGE = 10_000
"""Entries in the log of a run from which on it is a large one: a tenth of a second of work, and some 50 MB at once."""


class LargeRuns:
    """The thread that looks at them; there once there was one."""

    def __init__(self, on_trouble: Callable[[BaseException], object]) -> None:
        self._on_trouble = on_trouble
        self._worker: Worker | None = None

    def put(self, look: Callable[[], object]) -> None:
        """Have one looked at after those before it. For one thread."""
        if self._worker is None:
            self._worker = Worker("otel-tracking large runs", self._on_trouble)
            self._worker.start()
        self._worker.put(look)

    def stop(self, timeout: float) -> None:
        """Look at what is queued, and stop."""
        if self._worker is not None:
            self._worker.stop(timeout)
