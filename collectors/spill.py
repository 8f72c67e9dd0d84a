"""Keep records that wait for a slow sink in files, so that they do not pile up in memory.

A file outlives the process, as the journal does that it stands in for; it is not synced, so like that one it need not
outlive the machine. Files lie in a directory whose name says whose they are (`flight_recorder.owner`): the next start
recovers those of dead processes.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from collectors.flight_recorder import find_dead, place
from collectors.flight_recorder.owner import hold, read_owner, this_process
from otel_tracking.frame import freeze, thaw
from otel_tracking.record import ExecutionRecord

_log = logging.getLogger("otel_tracking")
_SUFFIX = ".record"


class Spill:
    """The files of this process; its directory is made when it is first needed."""

    def __init__(self, base: Path | None, namespace: str) -> None:
        """`base` is this user's private directory; None where records stay in memory."""
        self._base, self._namespace = base, namespace
        self._own: Path | None = None
        self._alive: int | None = None

    @property
    def directory(self) -> str | None:
        """Where files lie, or would."""
        return str(self._own or self._base) if self._base else None

    def keep(self, record: ExecutionRecord) -> Path:
        """A file of its own with `record`; raises where there is none to be had."""
        own = self._ready()
        path = own / f"{record.trace_id}-{record.revision}{_SUFFIX}"
        hidden = path.with_suffix(".new")
        try:
            with os.fdopen(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(to_bytes(record))
            hidden.rename(path)
        except BaseException:
            hidden.unlink(missing_ok=True)
            raise
        return path

    def adopt(self, path: Path) -> None:
        """Take over a file of a dead process that cannot be delivered now."""
        path.rename(self._ready() / path.name)

    def close(self) -> None:
        """Leave what there is to whoever comes next."""
        own, self._own, self._base = self._own, None, None
        if own is None:
            return
        try:
            owner = read_owner(own.name)
            if owner and any(own.glob(f"*{_SUFFIX}")):
                own.rename(own.with_name(owner.given_up().name))
            else:
                place.remove(own)
        except OSError as trouble:
            _log.warning("%s could not be left in order: %s", own, trouble)
        finally:
            if self._alive is not None:
                os.close(self._alive)

    def _ready(self) -> Path:
        if self._base is None:
            raise place.Unusable("records are not kept in files here")
        if self._own is None:
            own = place.make_own(self._base, self._namespace, this_process().name, force=True)
            self._alive = hold(own)
            self._own = own
        return self._own


def usual_base() -> Path | None:
    """This user's own directory, on disk."""
    return Path(f"/var/tmp/otel-tracking-{os.geteuid()}") if hasattr(os, "geteuid") else None


def to_bytes(record: ExecutionRecord) -> bytes:
    """The record with its attachments, exactly."""
    return freeze((record.to_dict(), dict(record.attachments)))


def read(path: Path) -> ExecutionRecord:
    """The record of a file. Raises OSError where it is gone and other things where it is none."""
    fields, attachments = thaw(path.read_bytes())
    return replace(ExecutionRecord.from_dict(fields), attachments=attachments)


def take_over(base: Path, namespace: str) -> Iterator[Path]:
    """Each file that dead processes left; the caller removes it once its record is durable. What stays is kept."""
    for dead in find_dead(base, namespace=namespace):
        claimed = dead.claim()
        if claimed is None:
            continue
        yield from sorted(claimed.directory.glob(f"*{_SUFFIX}"))
        left = Spill(base, namespace)
        with contextlib.suppress(OSError, place.Unusable):
            for path in claimed.directory.glob(f"*{_SUFFIX}"):
                left.adopt(path)
            claimed.release()
        left.close()
