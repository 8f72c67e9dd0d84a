"""Keep records that wait for a slow sink in files, so that they do not pile up in memory.

A file outlives the process, as the journal does that it stands in for; it is not synced, so like that one it need not
outlive the machine. Files lie in a directory whose name says whose they are (`flight_recorder.owner`): the next start
recovers those of dead processes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.flight_recorder import OurDirectory, Unusable, find_dead
from collectors.flight_recorder.looking import Tell, warn
from collectors.flight_recorder.ours import as_text
from collectors.flight_recorder.owner import Taken, take_new
from otel_tracking.columns import RecordColumns, columns_of
from otel_tracking.frame import freeze, thaw
from otel_tracking.record import ExecutionRecord

_log = logging.getLogger("otel_tracking")
SUFFIX = ".record"


@dataclass(frozen=True)
class SpilledRecord:
    """A record in a file."""

    directory: OurDirectory
    name: str

    @property
    def is_whole(self) -> bool:
        """Whether the file is a record's, and no half-written one."""
        return self.name.endswith(SUFFIX)

    def content(self) -> bytes:
        """What the file holds. Raises OSError or `NotOurs` where it cannot be had."""
        descriptor = self.directory.open_file(self.name, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def read(self) -> ExecutionRecord:
        """The record. Raises OSError or `NotOurs` where it cannot be had, and other things where it is none."""
        return of_bytes(self.content())

    def columns(self) -> RecordColumns:
        """Its columns. Raises what `read` does."""
        return columns_of(self.read())

    def remove(self) -> None:
        """Forget it; nothing where it is gone. Raises OSError where it stays."""
        self.directory.unlink(self.name)


class Spill:
    """The files of this process; its directory is made when it is first needed."""

    def __init__(self, base: Path | None, namespace: str) -> None:
        """`base` is this user's private directory; None where records stay in memory."""
        self._base, self._namespace = base, namespace
        self._taken: Taken | None = None

    @property
    def directory(self) -> str | None:
        """Where files lie, or would."""
        where = self._taken.directory.path if self._taken else self._base
        return as_text(where) if where else None

    def keep(self, record: ExecutionRecord) -> SpilledRecord:
        """A file of its own with `record`; raises OSError or `Unusable` where there is none to be had."""
        directory = self._ready()
        kept = SpilledRecord(directory, f"{record.trace_id}-{record.revision}{SUFFIX}")
        directory.write_whole(kept.name, to_bytes(record))
        return kept

    def close(self) -> None:
        """Leave what there is to whoever comes next."""
        taken, self._taken, self._base = self._taken, None, None
        if taken:
            leave_in_order(taken)

    def _ready(self) -> OurDirectory:
        if self._base is None:
            raise Unusable("records are not kept in files here")
        if self._taken is None:
            self._taken = take_new(self._base, self._namespace, force=True)
        return self._taken.directory


def usual_base() -> Path | None:
    """This user's own directory, on disk."""
    return Path(f"/var/tmp/otel-tracking-{os.geteuid()}") if hasattr(os, "geteuid") else None


def to_bytes(record: ExecutionRecord) -> bytes:
    """The record with its attachments, exactly."""
    return freeze((record.to_dict(), dict(record.attachments)))


def of_bytes(content: bytes) -> ExecutionRecord:
    """The record of such bytes, wherever they come from; raises where they are none."""
    fields, attachments = thaw(content)
    return replace(ExecutionRecord.from_dict(fields), attachments=attachments)


def take_over(base: Path, namespace: str, tell: Tell = warn) -> Generator[list[SpilledRecord], None, None]:
    """The files of each dead process; the caller removes one once its record is durable. What stays is kept."""
    for dead in find_dead(base, namespace=namespace, tell=tell):
        taken = dead.take()
        if taken is None:
            continue
        try:
            yield records_in(taken.directory)
        finally:
            leave_in_order(taken)


def leave_in_order(taken: Taken) -> None:
    """Leave a directory to whoever comes next, or remove it where no record is in it."""
    try:
        is_needed = bool(records_in(taken.directory))
    except OSError as trouble:
        _log.warning("%s could not be left in order: %s", as_text(taken.directory.path), trouble.strerror)
        is_needed = True
    taken.let_go(keep=is_needed)


def records_in(directory: OurDirectory) -> list[SpilledRecord]:
    """The records that wait in an owner's directory."""
    return [SpilledRecord(directory, name) for name in directory.names() if name.endswith(SUFFIX)]
