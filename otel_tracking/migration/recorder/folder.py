"""Write the folder of a run as earlier recorders did, on a thread of its own; whoever looks at it waits for that."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from otel_tracking.migration.recorder.upkeep import Upkeep

MOST_WAITING = 512 * 2**20
"""Bytes that wait for a disk; what comes when there are more is not written to the folder. The record has it."""

TOO_MUCH_WAITS = "too much waits for the disk; the record has what the folder lacks"

LONGEST_WAIT = 2.0
"""Seconds that somebody who looks at the files waits for them to be written."""

_UNUSUAL = re.compile(r"[^\w-]+")


def plain(name: Any) -> str:
    """A name as part of a path: what a client says is a device, a run or a type leads nowhere else.

    >>> plain("../../etc/passwd"), plain("tablet-7_2026-01-29"), plain("")
    ('_etc_passwd', 'tablet-7_2026-01-29', '_')
    """
    return _UNUSUAL.sub("_", str(name))[:100] or "_"


class FolderWriter:
    """Writes files of runs in the order in which they were given; trouble is told by its kind."""

    def __init__(self, tell: Callable[[str, BaseException | str], object], *, most_waiting: int = MOST_WAITING) -> None:
        self._upkeep = Upkeep("otel-tracking folders", _nothing, 3_600.0, tell)
        self._tell, self._most, self._waiting = tell, most_waiting, 0
        self._lock = threading.Lock()

    def write(self, path: Path, content: bytes) -> None:
        """Have a file written, whole or not at all; never waits."""
        with self._lock:
            fits = self._waiting + len(content) <= self._most
            self._waiting += len(content) if fits else 0
        if not fits:
            self._tell("recorder folder", TOO_MUCH_WAITS)
            return
        if not self._upkeep.put(partial(self._write, path, content)):
            self._let_go(content)

    def settle(self, timeout: float = LONGEST_WAIT) -> bool:
        """Wait until what was given so far is written."""
        return self._upkeep.settle(timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Write what is left, and end."""
        self._upkeep.stop(timeout)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.new")
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(content)
            beside.replace(path)
        finally:
            self._let_go(content)

    def _let_go(self, content: bytes) -> None:
        with self._lock:
            self._waiting -= len(content)


def find_folder(base_path: Path, run_id: str) -> Path | None:
    """The folder of a run below the base, in any of the layouts that there were."""
    name = plain(run_id)
    if name != run_id:
        return None
    with suppress(OSError):
        for pattern in (f"20??-??-??/*/{name}", f"20??-??-??/{name}", name):
            for folder in sorted(base_path.glob(pattern), reverse=True):
                if (folder / "metadata.json").is_file():
                    return folder
    return None


def _nothing() -> None:
    """What is looked at between two files."""
