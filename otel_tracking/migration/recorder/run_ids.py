"""Remember in a file which execution each run of a server was, so that a restarted server goes on with it.

The file is private, one line of JSON for each beginning of a run, the latest last; it holds ids and times alone. It is
read and written by whoever calls these methods, which is never the pipeline's thread (`upkeep.py`).
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

MOST_REMEMBERED = 4_096
"""Runs in the file; of more the oldest are forgotten."""

REMEMBERED_DAYS = 30.0
"""Days after which a run is forgotten: nobody goes on with it any more."""

_LONGEST_ID = 200
_APPENDED = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW


def run_ids_in(data_dir: Path) -> Path:
    """Where the file lies in a data directory; an erasure of that directory finds it there."""
    return data_dir / ".serving" / "run_ids.jsonl"


class Remembered(NamedTuple):
    """One beginning of a server's run: its id there, the execution it became, and when (seconds since 1970)."""

    run_id: str
    execution_id: str
    trace_id: str
    began_at: float


class RunIds:
    """The file of a server's runs; several processes of one server may share it.

    >>> from tempfile import mkdtemp
    >>> run_ids = RunIds(Path(mkdtemp()) / "run_ids.jsonl")
    >>> run_ids.add(Remembered("run_1_a", "exec_20260129_091500_5859297a", "58" * 16, time.time()))
    >>> run_ids.latest("run_1_a").execution_id, run_ids.latest("run_2_b")
    ('exec_20260129_091500_5859297a', None)
    """

    def __init__(
        self,
        path: Path,
        *,
        most: int = MOST_REMEMBERED,
        days: float = REMEMBERED_DAYS,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._most, self._seconds, self._clock = path, most, days * 86_400, wall_clock
        self._known: dict[str, Remembered] = {}
        self._read_to, self._lines, self._file = 0, 0, (0, 0)

    def latest(self, run_id: str) -> Remembered | None:
        """What a run was last, in this process or another; None for one that is new or was forgotten."""
        self._read()
        found = self._known.get(run_id)
        return found if found and self._is_recent(found) else None

    def add(self, begun: Remembered) -> None:
        """Write down that a run has begun. Raises `OSError` where that cannot be done."""
        if len(begun.run_id) > _LONGEST_ID:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            with os.fdopen(os.open(self._path, _APPENDED, 0o600), "wb") as file:
                file.write(_line_of(begun))
                file.flush()
                os.fsync(file.fileno())
            self._read()
            if self._lines > 2 * self._most:
                self._shorten()

    def forget(self, execution_ids: Iterable[str]) -> None:
        """Let go of runs that were erased."""
        gone = set(execution_ids)
        with self._alone():
            self._read()
            self._known = {run_id: known for run_id, known in self._known.items() if known.execution_id not in gone}
            for leftover in self._path.parent.glob(f"{self._path.name}.*.new"):
                leftover.unlink()  # of a death: what it was to replace is still there
            self._shorten()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process writes: what one appends is not lost where another writes the file anew."""
        beside = self._path.with_name(f"{self._path.name}.lock")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)  # a child that was forked meanwhile has it open, too

    def _read(self) -> None:
        """Take in what was appended since, here or by another process; all of it where the file is another one."""
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                status = os.fstat(file.fileno())
                if (status.st_dev, status.st_ino) != self._file or status.st_size < self._read_to:
                    self._known, self._read_to, self._lines = {}, 0, 0
                    self._file = status.st_dev, status.st_ino
                file.seek(self._read_to)
                whole, _, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return
        if whole:
            self._read_to += len(whole) + 1
            self._take_in(whole.split(b"\n"))

    def _take_in(self, lines: list[bytes]) -> None:
        self._lines += len(lines)
        for begun in _readable(lines):
            self._known.pop(begun.run_id, None)  # the latest stands last
            self._known[begun.run_id] = begun
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def _shorten(self) -> None:
        """Write the file anew, whole or not at all, with what is still to be remembered."""
        kept = [known for known in self._known.values() if self._is_recent(known)]
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.writelines(map(_line_of, kept))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        self._read()

    def _is_recent(self, known: Remembered) -> bool:
        return self._clock() - known.began_at < self._seconds


def _line_of(begun: Remembered) -> bytes:
    return json.dumps(begun._asdict()).encode() + b"\n"


def _readable(lines: Iterable[bytes]) -> Iterator[Remembered]:
    """The entries among these lines; one that a killed process left half is nobody's."""
    for line in lines:
        with suppress(ValueError, TypeError):
            said: Any = json.loads(line)
            begun = Remembered(**said)
            if type(begun.run_id) is str and type(begun.execution_id) is str and type(begun.began_at) in (int, float):
                yield begun
