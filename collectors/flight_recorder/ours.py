"""Reach what is this user's alone, and leave alone what is not.

Everybody may write in /dev/shm and /var/tmp, so what lies there under our name may be a neighbour's. A directory is
opened once, following no link, and looked at through its descriptor; all that is in it is reached through that
descriptor too. What its path leads to may change in the meantime: what is open is what was looked at.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class LeftAlone:
    """Something that lies where ours would, and is not ours alone."""

    path: str
    user: int
    """Whose it is."""
    reason: str
    help: str
    """What would help."""

    def __str__(self) -> str:
        return f"{self.path} {self.reason}; {self.help}"


class Unusable(Exception):
    """There is no place for a journal; the message says why and what would help."""


class NotOurs(Unusable):
    """This is not ours alone, so it is neither read nor written."""

    def __init__(self, what: LeftAlone) -> None:
        super().__init__(str(what))
        self.what = what


class OurDirectory:
    """An open directory that is ours alone, and the way to what is in it.

    Raises `NotOurs` for what is not, and `OSError` with the whole path for everything else that goes wrong.
    """

    def __init__(self, path: Path, descriptor: int, parent: OurDirectory | None = None) -> None:
        self.path, self.parent = path, parent
        self._descriptor: int | None = descriptor

    @classmethod
    def at(cls, path: Path) -> Self:
        """The directory at `path`; FileNotFoundError where there is none."""
        return cls(path, _open_directory(path, path, None))

    @property
    def descriptor(self) -> int:
        """The open descriptor."""
        if self._descriptor is None:
            # Its number may be another file's by now, and None would mean the working directory.
            raise OSError(f"{as_text(self.path)} was let go of")
        return self._descriptor

    def names(self) -> list[str]:
        """What is in it."""
        with naming(self.path), os.scandir(self.descriptor) as found:
            return sorted(entry.name for entry in found)

    def directory(self, name: str) -> OurDirectory:
        """The directory `name` in it."""
        path = self.path / name
        return OurDirectory(path, _open_directory(path, name, self.descriptor), self)

    def make(self, name: str) -> OurDirectory:
        """A new private directory `name` in it; FileExistsError where there is something."""
        with naming(self.path / name):
            os.mkdir(name, 0o700, dir_fd=self.descriptor)
        return self.directory(name)

    def made(self, name: str) -> OurDirectory:
        """The directory `name` in it, made if need be."""
        with contextlib.suppress(FileExistsError):
            return self.make(name)
        return self.directory(name)

    def open_file(self, name: str, flags: int) -> int:
        """A descriptor of the file `name`, made if `flags` say so."""
        path = self.path / name
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        with naming(path):
            # Looked at before it is opened too: opening a device does something.
            with contextlib.suppress(FileNotFoundError):
                _require_ours(os.stat(name, dir_fd=self.descriptor, follow_symlinks=False), path, stat.S_IFREG)
            return _looked_at(os.open(name, flags, 0o600, dir_fd=self.descriptor), path, stat.S_IFREG)

    def write_whole(self, name: str, data: bytes) -> None:
        """Make the file `name` with `data`, whole or not at all; raises OSError where there is no space."""
        fresh = f"{name}.new"
        self.unlink(fresh)  # a process that died in the middle may have left one
        descriptor = self.open_file(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with naming(self.path / fresh):
                write_all(descriptor, data)
            self.rename(fresh, name)
        except BaseException:
            self.unlink(fresh)
            raise
        finally:
            os.close(descriptor)

    def rename(self, name: str, to: str, into: OurDirectory | None = None) -> None:
        """Give something in it another name, in another directory of ours if one is given."""
        with naming(self.path / name):
            os.rename(name, to, src_dir_fd=self.descriptor, dst_dir_fd=(into or self).descriptor)

    def unlink(self, name: str) -> None:
        """Remove a file, or a link itself; nothing where there is none."""
        with naming(self.path / name), contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def take_name(self, name: str) -> None:
        """Be called `name`, in the directory it lies in."""
        assert self.parent is not None
        self.parent.rename(self.path.name, name)
        self.path = self.path.with_name(name)

    def remove(self) -> None:
        """Remove it with all that is in it, and the directory it lies in if it was the last there."""
        assert self.parent is not None
        with naming(self.path):
            shutil.rmtree(self.path.name, dir_fd=self.parent.descriptor)
        if self.parent.parent:
            with contextlib.suppress(OSError):
                os.rmdir(self.parent.path.name, dir_fd=self.parent.parent.descriptor)

    def close(self) -> None:
        """Let go of it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def leave(self) -> None:
        """Let go of it and of those it lies in."""
        self.close()
        if self.parent:
            self.parent.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def as_text(path: Path) -> str:
    """A path for logs and JSON, on one line: its bytes need not be UTF-8, and somebody else may have chosen them."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an OSError name the whole path: by itself it names the last part of it, or none where a disk is full."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _open_directory(path: Path, name: str | Path, within: int | None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    with naming(path):
        # Opening would say of a link only that it is no directory.
        _require_ours(os.stat(name, dir_fd=within, follow_symlinks=False), path, stat.S_IFDIR)
        return _looked_at(os.open(name, flags, dir_fd=within), path, stat.S_IFDIR)


def _looked_at(descriptor: int, path: Path, kind: int) -> int:
    try:
        _require_ours(os.fstat(descriptor), path, kind)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_ours(told: os.stat_result, path: Path, kind: int) -> None:
    if wrong := _what_is_wrong(told, kind):
        raise NotOurs(LeftAlone(as_text(path), told.st_uid, *wrong))


def _what_is_wrong(told: os.stat_result, kind: int) -> tuple[str, str] | None:
    """Why this is not ours alone, and what would help; None where it is."""
    found = stat.S_IFMT(told.st_mode)
    if found != kind:
        return f"is {_KINDS.get(found, 'something')}, not {_KINDS[kind]}", "remove it or name another place"
    if told.st_uid != os.geteuid():
        reason = f"belongs to user {told.st_uid}, not to user {os.geteuid()}"
        return reason, "become that user if it is yours, else name another place, or have that user or root remove it"
    if told.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        reason = f"may be written by others (mode {stat.S_IMODE(told.st_mode):o})"
        return reason, "chmod go-w would help, once nothing of others is in it"
    if kind == stat.S_IFREG and told.st_nlink > 1:
        return f"is one file under {told.st_nlink} names", "remove this name if you did not give it"
    return None


_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
