"""Know which runs were erased, so that nobody stores them again: hashes of their ids, and a lock around each write.

DATA/erasures/tombstones.jsonl     {"sha256": …, "erased_at": …, "erasure": …}, one line for each id
DATA/.erasure.lock                 held shared around each write, alone while it is decided what is erased
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from exporters.storage.files import append_lines, locked, make_directory, sync_directory
from otel_tracking.erasure import RunId

FOLDER = "erasures"
_FILE = "tombstones.jsonl"
_LOCK = ".erasure.lock"

_log = logging.getLogger("otel_tracking")

Signature = tuple[int, int, int]


class Tombstones:
    """The tombstones of one data directory. Several processes may ask and add.

    >>> import tempfile
    >>> Tombstones(tempfile.mkdtemp()).holds("exec_20261123_043900_ab12cd34", None)
    False
    """

    def __init__(self, data_dir: str | Path) -> None:
        self._data_dir = Path(data_dir)
        self._path = self._data_dir / FOLDER / _FILE
        self._known: tuple[Signature | None, frozenset[str]] = (None, frozenset())

    def holds(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased, by what is known of it. Where none ever was, this costs looking for one file."""
        known = self._now()
        return bool(known) and not known.isdisjoint(tombstones_of(execution_id, trace_id))

    def add(self, runs: Iterable[RunId], erasure: str) -> None:
        """Put down what is not there yet, durably; for whoever is `deciding`."""
        fresh = sorted(set().union(*(run.tombstones for run in runs)) - self._now())
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        lines = [json.dumps({"sha256": sha256, "erased_at": now, "erasure": erasure}) for sha256 in fresh]
        make_directory(self._path.parent)
        append_lines(self._path, "".join(f"{line}\n" for line in lines).encode())
        sync_directory(self._path.parent)

    def writing(self, *, wait: bool = True) -> AbstractContextManager[int]:
        """A block in which no run is erased: what `holds` says in it is true until its end.

        `BlockingIOError` where that is being decided and shall not be waited for.
        """
        return locked(self._data_dir / _LOCK, fcntl.LOCK_SH | (0 if wait else fcntl.LOCK_NB))

    def deciding(self) -> AbstractContextManager[int]:
        """A block in which nobody writes: it waits for writes that are under way, and others wait for its end."""
        return locked(self._data_dir / _LOCK, fcntl.LOCK_EX)

    def _now(self) -> frozenset[str]:
        signature = _signature(self._path)
        known_as, known = self._known
        if signature != known_as:
            known = frozenset() if signature is None else _read(self._path)
            self._known = (signature, known)
        return known


class Refusals:
    """Count the records of erased runs that a sink took and did not keep; the log is told of the first."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, count: int) -> None:
        """So many more."""
        if count and not self.count:
            _log.warning("a record of a run that was erased came again; such records are taken, and not kept")
        self.count += count


def tombstones_of(execution_id: str | None, trace_id: str | None) -> frozenset[str]:
    """The hashes under which a run is found, by what is known of it."""
    said = RunId(execution_id or "", trace_id).tombstones
    return said if execution_id is not None else said - RunId("").tombstones


def _signature(path: Path) -> Signature | None:
    """What changes with every line."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _read(path: Path) -> frozenset[str]:
    return frozenset(sha256 for line in path.read_bytes().split(b"\n") if (sha256 := _sha256_in(line)))


def _sha256_in(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["sha256"])
    except (ValueError, TypeError, KeyError):
        return None
