"""Write files that are there whole or not at all, and that only their owner can read.

Content goes to a hidden file in the same directory, is synced, renamed and the rename synced. A reader that lists
a directory skips names that begin with a dot.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def write_file(path: Path, *pieces: bytes | memoryview) -> None:
    """The pieces, one after the other, at `path`, durable when this returns; an existing file is replaced."""
    with replacing(path) as file:
        for piece in pieces:
            file.write(piece)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that durably becomes `path` at the end of the block; nothing is left of it when the block raises."""
    with hidden(path) as (file, appear):
        yield file
        appear()
    sync_directory(path.parent)


@contextlib.contextmanager
def hidden(path: Path) -> Iterator[tuple[BinaryIO, Callable[[], None]]]:
    """A hidden file beside `path` and a function that syncs it and gives it its name.

    The directory is not synced yet: who writes several files syncs it once.
    """
    make_directory(path.parent)
    temporary, is_hidden = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp"), True
    try:
        with naming(path), _private(temporary) as file:

            def appear() -> None:
                nonlocal is_hidden
                file.flush()
                os.fsync(file.fileno())
                temporary.replace(path)
                is_hidden = False

            yield file, appear
    finally:
        if is_hidden:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _private(path: Path) -> BinaryIO:
    """A new file that only its owner can read; what was written can be read back."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE), "w+b")


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Trouble in the block names `path`: a full disk says where it was met, and by what name a person knows it."""
    try:
        yield
    except OSError as trouble:
        trouble.filename = str(path)
        del trouble.filename2  # one that is None would be said
        raise


def make_directory(path: Path) -> None:
    """`path` as a private directory with its parents, durably; existing ones are left as they are."""
    if path.is_dir():
        return
    make_directory(path.parent)
    with naming(path):
        path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    sync_directory(path.parent)


@contextlib.contextmanager
def locked(path: Path, kind: int = fcntl.LOCK_EX) -> Iterator[int]:
    """The lock of a file, waited for and held during the block; the file's descriptor. Its directory is made.

    It is opened each time: threads that share an open file would share its lock.
    """
    make_directory(path.parent)
    with lockable(path) as descriptor:
        fcntl.flock(descriptor, kind)
        yield descriptor


_lockable: set[int] = set()


@contextlib.contextmanager
def lockable(path: Path) -> Iterator[int]:
    """The descriptor of a file to lock; at the end of the block nobody has its lock, nor a child that is forked in it.

    A child would have it as long as it lives, also after the death of this process.
    """
    _watch_forks()
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, PRIVATE_FILE)
    _lockable.add(descriptor)
    try:
        yield descriptor
    finally:
        if descriptor in _lockable:
            _lockable.discard(descriptor)
            # Closing is not enough: a child that was forked before the descriptor was known here has it open, too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


@functools.cache
def _watch_forks() -> None:
    os.register_at_fork(after_in_child=_let_go_of_locks)


def _let_go_of_locks() -> None:
    while _lockable:
        os.close(_lockable.pop())


def append_lines(path: Path, lines: bytes) -> None:
    """Add whole lines to a file, durably; one that a death cut off before does not swallow them."""
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR, PRIVATE_FILE)
    with os.fdopen(descriptor, "r+b") as file:
        size = os.fstat(descriptor).st_size
        is_cut_off = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        file.write(b"\n" * is_cut_off + lines)
        file.flush()
        os.fsync(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable: a renamed file may otherwise be gone after a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_plain(path: Path) -> bool:
    """Whether a file is there, by itself: no link to another, nothing that a reader would wait for for ever.

    `FileNotFoundError` where there is nothing.
    """
    return stat.S_ISREG(path.lstat().st_mode)


def is_there(path: Path) -> bool:
    """Whether anything has that name, be it a link to nowhere; no where nobody can look."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def kind_of(path: Path) -> str:
    """What is at a path, in words.

    >>> kind_of(Path("/"))
    'a directory'
    """
    mode = path.lstat().st_mode
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a pipe"}
    return kinds.get(stat.S_IFMT(mode), "a file" if stat.S_ISREG(mode) else "a device or socket")


def remove(paths: Iterable[Path]) -> None:
    """Remove files that may be gone already, in that order, and sync their directories."""
    changed = set()
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            changed.add(path.parent)
    for directory in changed:
        sync_directory(directory)


def discard(paths: Iterable[Path]) -> None:
    """Remove files of a write that failed, as far as that can still be done: its own trouble is what counts."""
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
