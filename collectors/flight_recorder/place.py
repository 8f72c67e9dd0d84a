"""Find a private directory on a RAM file system, or say why there is none."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from collectors.flight_recorder.ours import NotOurs, OurDirectory, Unusable, as_text

__all__ = ["SET_ASIDE", "NotOurs", "Unusable", "base_directory", "make_own", "open_namespace", "size_of"]

RAM_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})
SET_ASIDE = "set-aside"


def base_directory(directory: Path | str | None) -> Path:
    """Return where journals lie: `directory`, or this user's own under /dev/shm."""
    if directory is not None:
        return Path(directory)
    if not sys.platform.startswith("linux"):
        raise Unusable(f"journals need Linux's /dev/shm and /proc, this is {sys.platform}")
    return Path(f"/dev/shm/otel-tracking-{os.geteuid()}")


def open_namespace(base: Path, namespace: str) -> OurDirectory:
    """Return the directory of one namespace, which is one path component; FileNotFoundError where there is none."""
    _require_plain(namespace)
    where = OurDirectory.at(base)
    try:
        return where.directory(namespace)
    except BaseException:
        where.leave()
        raise


def make_own(base: Path, namespace: str, name: str, *, force: bool) -> OurDirectory:
    """Return a new directory `name` in the namespace, private and in RAM; raise `Unusable` with the reason."""
    while True:
        where = _prepare(base, namespace, force=force)
        try:
            return where.make(name)
        except FileNotFoundError:
            # Another process has just removed the namespace, being the last to leave it.
            where.leave()
        except BaseException:
            where.leave()
            raise


def size_of(directory: OurDirectory) -> int:
    """Return the bytes the file system of `directory` holds, used or not; a ramfs says 0."""
    told = os.statvfs(directory.descriptor)
    return told.f_blocks * told.f_frsize


def _prepare(base: Path, namespace: str, *, force: bool) -> OurDirectory:
    _require_plain(namespace)
    try:
        # Whatever else is there already, the next line says what and whose.
        with contextlib.suppress(FileExistsError):
            base.mkdir(mode=0o700, parents=True)
        where = OurDirectory.at(base)
        try:
            if not force:
                _require_ram(where)
            return where.made(namespace)
        except BaseException:
            where.leave()
            raise
    except (OSError, ValueError) as error:
        raise Unusable(f"{as_text(base / namespace)} cannot be used: {error}") from error


def _require_plain(namespace: str) -> None:
    if not namespace or namespace in {".", ".."} or "/" in namespace or "\0" in namespace:
        raise Unusable(f"a namespace is a plain name such as 'default', not {namespace!r}")


def _require_ram(directory: OurDirectory) -> None:
    kind = _file_system_of(directory)
    if kind not in RAM_FILE_SYSTEMS:
        raise Unusable(
            f"{as_text(directory.path)} is on {kind}, not on a RAM file system; /dev/shm is one (force=True overrides)"
        )


def _file_system_of(directory: OurDirectory) -> str:
    # By device number, not by path: no prefix rules, no escaped blanks.
    device = os.fstat(directory.descriptor).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
        fields = line.split(" ")
        if fields[2] == wanted:
            return fields[fields.index("-") + 1]
    return "an unknown file system"
