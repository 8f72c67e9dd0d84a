"""Ask the gate of consent for as long as a process lives: what is said to a study counts from the next question on."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exporters.privacy.consent import Gate, consent_gate
from exporters.privacy.exports_ledger import FOLDER
from exporters.privacy.study_keys import StudyKeys

KEPT_SECONDS = 60
"""After which the gate is read again, whatever has changed: a consent that begins later, a key that was put back."""


class StandingGate:
    """The gate of a data directory as it is whenever it is asked. May be shared by threads.

    >>> from types import SimpleNamespace
    >>> StandingGate("/nowhere").lets_out(SimpleNamespace(study_id=None))
    True
    """

    def __init__(self, data_dir: str | Path, *, keys: StudyKeys | None = None) -> None:
        self._data_dir, self._keys = data_dir, keys
        self._folders = [Path(data_dir) / FOLDER / name for name in ("studies", "consent")]
        self._lock = threading.Lock()
        self._gate: Gate | None = None
        self._seen: tuple[Any, ...] = ()
        self._read_at = 0.0

    def lets_out(self, run: Any) -> bool:
        """Whether a run may leave now: a record, or whatever says of what study and of whom it is."""
        if run.study_id is None:
            return True
        with self._lock:
            return self._current().lets_out(run)

    @property
    def asks(self) -> bool:
        """Whether any study of the data directory asks for consent; so it is taken to do where it cannot be read."""
        with self._lock:
            return self._current().asks

    @property
    def troubles(self) -> dict[str, str]:
        """Why nothing of a study leaves, by study."""
        with self._lock:
            return dict(self._gate.troubles) if self._gate else {}

    def _current(self) -> Gate:
        seen, now = tuple(self._states()), time.monotonic()
        if self._gate is None or seen != self._seen or now - self._read_at > KEPT_SECONDS:
            # What changes while it is read has another state than was seen, and is read again.
            self._gate, self._seen, self._read_at = consent_gate(self._data_dir, keys=self._keys), seen, now
        return self._gate

    def _states(self) -> Iterator[tuple[str, int, int, int]]:
        for folder in self._folders:
            try:
                files = sorted(os.scandir(folder), key=lambda file: file.name)
            except FileNotFoundError:
                continue
            for file in files:
                with contextlib.suppress(FileNotFoundError):  # half of a write that is done now, or a link to nowhere
                    state = file.stat()
                    yield file.path, state.st_ino, state.st_size, state.st_mtime_ns
