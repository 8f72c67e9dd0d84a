"""Bring media to an object store, each under its sha256: records say which they are, and do not carry them.

OUTBOX/media/<trace id>-<sha256>              a medium that waits, of a run
STORE/media/<first two signs>/<sha256>        where it is when it has arrived
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from collectors.delivery.sinks import Sink, is_erased
from collectors.forks import watch
from collectors.outbox.consented import Consented, asking, why_stays
from collectors.outbox.sending import FIRST_ANSWER, wait_after
from collectors.outbox.staying import Stays
from collectors.receiving.durably import sync_directory
from collectors.receiving.rewriting import remove_what_deaths_left
from collectors.receiving.spool import MOST_BYTES, SpoolFull
from otel_tracking.environment import CONSENTED
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId
from otel_tracking.errors import RecordingError
from otel_tracking.extras import Extra
from otel_tracking.record import ExecutionRecord

_log = logging.getLogger("otel_tracking")
MEDIA = "media"
_WAITING = "[!.]*-*"


class MediaPlace(Protocol):
    """Where media go."""

    def put_if_absent(self, path: str, content: bytes) -> None:
        """Have these bytes there. Raises where they are not."""


class MediaStore:
    """A sink: `write` returns when a record's media are in files, from where they are brought until they are there.

    Media that wait in `directory` are those of all processes that have it: each is known by its content, so twice is
    once. At most `most_bytes` wait; then OSError is raised, and the record stays in its journal.
    """

    def __init__(
        self,
        directory: str | Path,
        store: MediaPlace,
        *,
        is_erased: Callable[[str | None, str | None], bool],
        consented: Consented | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._directory, self._store, self._most_bytes = Path(directory), store, most_bytes
        self.is_erased, self._consented = is_erased, consented
        self.refused, self.trouble = 0, ""
        self.counts: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._is_closed = False
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._work, name="otel-tracking media", daemon=True)
        watch(self)
        self._thread.start()

    def write(self, record: ExecutionRecord) -> None:
        """Keep a record's media."""
        if self.is_erased(record.execution_id, record.trace_id):
            self.refused += 1
            return
        if record.attachments and self._consented and not self._consented.takes(record):
            self.counts[Stays.WITHHELD] += 1
            return
        for sha256, content in record.attachments.items():
            self._keep(self._directory / f"{record.trace_id}-{sha256}", content)
        with self._changed:
            self._changed.notify_all()

    def settle(self, timeout: float | None) -> bool:
        """Wait until nothing waits, or time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting(), timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Bring what can be brought at once; the rest stays for the next process."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(timeout if not self.trouble else FIRST_ANSWER)

    def after_fork(self) -> None:
        """In a forked child: the work is the parent's."""
        self._is_closed = True

    def health(self) -> dict[str, Any]:
        """How it is doing, in counts."""
        counted = {name: self.counts[name] for name in ("stored", "withheld")}
        return {**counted, "waiting": len(self._waiting()), "trouble": self.trouble or None}

    def _keep(self, path: Path, content: bytes) -> None:
        if path.exists():
            return
        if sum(map(_size_of, self._waiting())) + len(content) > self._most_bytes:
            raise SpoolFull(f"{self._directory} is full of media that are not in the store yet")
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        sync_directory(self._directory)

    def _waiting(self) -> list[Path]:
        return sorted(self._directory.glob(_WAITING))

    def _work(self) -> None:
        attempt = 0
        while not (self._is_closed and (self.trouble or not self._waiting())):
            try:
                self._bring_all()
                self.trouble, attempt = "", 0
            except Exception as trouble:  # whatever a store raises: what waits is kept
                if not self.trouble:
                    _log.warning("media store: %s; media wait in files", type(trouble).__name__)
                self.trouble, attempt = type(trouble).__name__, attempt + 1
            self._pause(wait_after(attempt) if self.trouble else None)

    def _bring_all(self) -> None:
        paths = self._waiting()
        traces = set(map(_trace_of, paths))
        if self._consented:
            self._consented.meet(traces)
        for path in paths:
            self._bring(path)
        if self._consented:
            self._consented.gone(traces.difference(map(_trace_of, self._waiting())))

    def _bring(self, path: Path) -> None:
        trace, _, sha256 = path.name.partition("-")
        with contextlib.suppress(FileNotFoundError):  # another process was faster, or it was erased
            why = why_stays(self.is_erased, self._consented, trace)
            if why is None:
                self._store.put_if_absent(f"media/{sha256[:2]}/{sha256}", path.read_bytes())
            self.counts[why or "stored"] += 1
            path.unlink()
        with self._changed:
            self._changed.notify_all()

    def _pause(self, seconds: float | None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or (seconds is None and bool(self._waiting())), seconds)


def _trace_of(path: Path) -> str:
    return path.name.partition("-")[0]


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it was brought a moment ago
        return 0


class ErasableMedia:
    """Media that wait in an outbox. A place of an erasure: whose they are says the run's record, found elsewhere."""

    name = "waiting media"

    def __init__(self, outbox: Path) -> None:
        self._directory = outbox / MEDIA

    def find(self, is_meant: IsMeant) -> list[RunId]:
        """None: a medium says no more than its run's trace id."""
        return []

    def erase(self, runs: frozenset[RunId], step: Callable[[str], None]) -> list[Removed | Beyond]:
        """Remove those of the runs, and what deaths left unfinished."""
        remove_what_deaths_left(self._directory)
        done: list[Removed | Beyond] = []
        for path in self._of(runs):
            step(f"remove {path.name}")
            done.append(Removed(self.name, str(path), path.stat().st_size))
            path.unlink(missing_ok=True)
        return done

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The files that are of the runs still."""
        return [str(path) for path in self._of(runs)]

    def _of(self, runs: frozenset[RunId]) -> list[Path]:
        traces = {run.trace_id for run in runs}
        return [path for path in sorted(self._directory.glob(_WAITING)) if path.name.partition("-")[0] in traces]


class _ObjectStore:
    def __init__(self, store: Any) -> None:
        self._store = store

    def put_if_absent(self, path: str, content: bytes) -> None:
        import obstore

        # Not with a condition: not every server knows them, and the same name is the same bytes.
        try:
            if obstore.head(self._store, path)["size"] == len(content):
                return
        except FileNotFoundError:
            pass
        obstore.put(self._store, path, content)


def object_store(where: str) -> MediaPlace:
    """The store at `s3://bucket/prefix`, or in a folder. Raises `RecordingError` for what is neither.

    For S3 credentials, region and endpoint are those of the usual `AWS_…` variables.
    """
    with Extra("delta", "A media store needs"):
        from obstore.store import LocalStore, S3Store
    try:
        if "://" in where:
            # Its own patience would hold up the end of a program for minutes.
            return _ObjectStore(
                S3Store.from_url(where, retry_config={"max_retries": 1, "retry_timeout": dt.timedelta(seconds=10)})
            )
        folder = Path(where).expanduser().absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _ObjectStore(LocalStore(folder))
    except Exception as trouble:
        came = where.rpartition("@")[2]
        raise RecordingError(f"no media can go to {came!r:.80}; s3://bucket/prefix or a folder would work") from trouble


def open_media_store(sinks: Sequence[Sink], where: str, outbox: Path, runs: str = CONSENTED) -> MediaStore:
    """A media store beside other sinks: media of runs that these say were erased, or may not leave, stay here.

    `runs` is `consented`, or `all`, also without consent.
    """
    return MediaStore(
        outbox / MEDIA,
        object_store(where),
        is_erased=partial(is_erased, list(sinks)),
        consented=asking(sinks, runs),
    )
