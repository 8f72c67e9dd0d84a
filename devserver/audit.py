"""Keep who logged in, took something away, or ended something: one line of JSON each, for whoever answers for the data.

No line holds a text, a token or the name of a person of whom records are: only who did what, on which run. Refused
logins are kept apart, so that whoever guesses cannot push out what the others did.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from exporters.storage.files import PRIVATE_FILE, locked, make_directory
from exporters.storage.writing.tombstones import Tombstones

_log = logging.getLogger(__name__)

FOLDER = "access"
AUDIT, REFUSED = LOGS = ("audit", "refused")
"""What everybody did, and whoever was not let in."""

MOST_BYTES = 4 * 2**20
"""Bytes of a file, after which another is begun."""

MOST_FILES = 8
"""Earlier files that are kept."""


ERASED = "erased"
"""What stands in the place of a run that was erased."""


class Act(StrEnum):
    """What somebody did."""

    LOGIN = "login"
    LOGIN_REFUSED = "login_refused"
    LOGOUT = "logout"
    SESSION_ENDED = "session_ended"
    EXPORT = "export"
    DATASET = "dataset"
    CANCEL = "cancel"
    ERASE = "erase"
    REMARK = "remark"
    CODEBOOK = "codebook"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a role and the short name of a session from an address, or a user of this machine."""

    role: str
    session: str | None = None
    address: str | None = None


class Audit:
    """The lines of one data directory. Several processes may write."""

    def __init__(self, data_dir: Path, *, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES) -> None:
        self._folder = data_dir / FOLDER
        self._most_bytes, self._most_files = most_bytes, most_files
        self._lock, self._tombstones = threading.Lock(), Tombstones(data_dir)

    def note(self, act: Act, actor: Actor, *, execution_id: str | None = None, **more: str | int) -> None:
        """Keep a line; without the run where that was erased meanwhile. Trouble is told, and hinders nobody."""
        line = {
            "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "act": act.value,
            "role": actor.role,
            "session": actor.session,
            "address": actor.address,
            "execution_id": execution_id,
            **more,
        }
        name = REFUSED if act is Act.LOGIN_REFUSED else AUDIT
        try:
            # No erasure begins meanwhile: what is written here, the next one finds.
            with self._tombstones.writing():
                if self._tombstones.holds(execution_id, None):
                    del line["execution_id"]
                self._append(name, json.dumps({key: value for key, value in line.items() if value is not None}) + "\n")
        except OSError as trouble:
            _log.warning("the audit log cannot be written (%s)", trouble.strerror)

    def _append(self, name: str, line: str) -> None:
        path = self._folder / f"{name}.jsonl"
        make_directory(self._folder)
        with self._lock, writing(self._folder, name):
            if path.exists() and path.stat().st_size + len(line) > self._most_bytes:
                self._begin_another(path)
            with os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, PRIVATE_FILE), "w") as file:
                file.write(line)

    def _begin_another(self, path: Path) -> None:
        for number in range(self._most_files - 1, 0, -1):
            earlier = path.with_suffix(f".{number}.jsonl")
            if earlier.exists():
                earlier.replace(path.with_suffix(f".{number + 1}.jsonl"))
        path.replace(path.with_suffix(".1.jsonl"))


def writing(folder: Path, name: str) -> AbstractContextManager[int]:
    """A block in which nobody else, in no process, writes one of the logs."""
    return locked(folder / f".{name}.lock")


def this_user() -> Actor:
    """The user of this machine who runs a command."""
    return Actor(f"user {os.getuid()}")
