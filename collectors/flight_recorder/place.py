"""Find a private directory on a RAM file system, or say why there is none."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
from pathlib import Path

RAM_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})
SET_ASIDE = "set-aside"


class Unusable(Exception):
    """There is no place for a journal; the message says why and what would help."""


def base_directory(directory: Path | str | None) -> Path:
    """Return where journals lie: `directory`, or this user's own under /dev/shm."""
    if directory is not None:
        return Path(directory)
    if not sys.platform.startswith("linux"):
        raise Unusable(f"journals need Linux's /dev/shm and /proc, this is {sys.platform}")
    return Path(f"/dev/shm/otel-tracking-{os.geteuid()}")


def namespace_directory(base: Path, namespace: str) -> Path:
    """Return the directory of one namespace, which is one path component."""
    if not namespace or namespace in {".", ".."} or "/" in namespace or "\0" in namespace:
        raise Unusable(f"a namespace is a plain name such as 'default', not {namespace!r}")
    return base / namespace


def make_own(base: Path, namespace: str, name: str, *, force: bool) -> Path:
    """Return a new directory `name` in the namespace, private and in RAM; raise `Unusable` with the reason."""
    while True:
        own = _prepare(base, namespace, force=force) / name
        # Another process may just have removed the namespace, being the last to leave it.
        with contextlib.suppress(FileNotFoundError):
            own.mkdir(mode=0o700)
            return own


def remove(own: Path) -> None:
    """Remove an owner's directory with all that is in it, and the namespace's if it was the last; may raise OSError."""
    shutil.rmtree(own)
    with contextlib.suppress(OSError):
        own.parent.rmdir()


def _prepare(base: Path, namespace: str, *, force: bool) -> Path:
    where = namespace_directory(base, namespace)
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_private(base)
        if not force:
            _require_ram(base)
        where.mkdir(mode=0o700, exist_ok=True)
        _require_private(where)
    except (OSError, ValueError) as error:
        raise Unusable(f"{where} cannot be used: {error}") from error
    return where


def size_of(directory: Path) -> int:
    """Return the bytes the file system under `directory` holds, used or not; a ramfs says 0."""
    told = os.statvfs(directory)
    return told.f_blocks * told.f_frsize


def _require_private(directory: Path) -> None:
    # lstat: everybody may write in /dev/shm, so somebody else may have put a link there first.
    told = directory.lstat()
    if not stat.S_ISDIR(told.st_mode):
        raise Unusable(f"{directory} is not a directory; remove it or name another")
    if told.st_uid != os.geteuid():
        raise Unusable(f"{directory} belongs to user {told.st_uid}, not to user {os.geteuid()}")
    if told.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unusable(f"{directory} may be written by others (mode {told.st_mode & 0o7777:o}); chmod 700 would help")


def _require_ram(directory: Path) -> None:
    kind = _file_system_of(directory)
    if kind not in RAM_FILE_SYSTEMS:
        raise Unusable(f"{directory} is on {kind}, not on a RAM file system; /dev/shm is one (force=True overrides)")


def _file_system_of(directory: Path) -> str:
    # By device number, not by path: no prefix rules, no escaped blanks.
    device = directory.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
        fields = line.split(" ")
        if fields[2] == wanted:
            return fields[fields.index("-") + 1]
    return "an unknown file system"
