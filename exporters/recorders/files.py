"""Open the files of a run's folder, and nothing else: no link, no pipe, no way out of the folder.

A file of any size is looked at in pieces; a short text is read whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from exporters.errors import BrokenFile

MOST_METADATA = 64 << 20
"""Bytes of a metadata.json: with pictures in it, as base64, there were 3.3 MB."""

MOST_TEXT = 4 << 20
"""Bytes up to which a text becomes an item's content; a longer one stays a file."""

TEXTS = frozenset({"", ".txt", ".md", ".json", ".js", ".py", ".csv", ".html", ".xml", ".yaml"})
"""How the names of texts end."""

_CHUNK = 1 << 20
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe without a writer would be waited for for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotThere(BrokenFile):
    """A file that a run names and that is not in its folder."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of a run: path, name below the folder, sha256 (hex), size in bytes, beginning; all of a short text."""

    path: Path
    name: str
    sha256: str
    size: int
    head: bytes
    content: bytes | None


class RunFiles:
    """The files of one run's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, most: int) -> bytes:
        """A file whole. Raises `NotThere`, or `BrokenFile` for one of more than `most` bytes, or that is none."""
        with self._open(_parts(name)) as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise BrokenFile(f"{name} has more than {most:,} bytes")
            return file.read(size)

    def facts(self, name: str, among: Sequence[str] = ()) -> FileFacts:
        """The file of that name, in one of these folders or in the run's own.

        Raises `NotThere`, and `BrokenFile` for a name that leads out of the folder, a link, and what is no file.
        """
        parts = _parts(name)
        places = [(folder, *parts) for folder in among if len(parts) == 1] + [parts]
        for place in places[:-1]:
            with contextlib.suppress(NotThere):
                return self._facts(place)
        return self._facts(places[-1])

    def names(self, *folders: str) -> Iterator[str]:
        """The names of what lies in the run's own folder (an empty name) or in folders of it, sorted."""
        for folder in folders:
            try:
                with os.scandir(self._folder / folder) as entries:
                    names = sorted(entry.name for entry in entries if not entry.is_dir(follow_symlinks=False))
            except (FileNotFoundError, NotADirectoryError):
                continue
            yield from (f"{folder}/{name}" if folder else name for name in names)

    def _facts(self, parts: tuple[str, ...]) -> FileFacts:
        digest, size, head, content = hashlib.sha256(), 0, b"", b""
        most = MOST_TEXT if PurePosixPath(parts[-1]).suffix.lower() in TEXTS else -1
        with self._open(parts) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                head = head or chunk[:32]
                content = content + chunk if size + len(chunk) <= most else b""
                size += len(chunk)
        whole = content if size <= most else None
        return FileFacts(self._folder.joinpath(*parts), "/".join(parts), digest.hexdigest(), size, head, whole)

    @contextlib.contextmanager
    def _open(self, parts: tuple[str, ...]) -> Iterator[BinaryIO]:
        """The file, each folder on the way opened as none but itself."""
        name = "/".join(parts)
        try:
            with contextlib.ExitStack() as open_things:
                folder = _opened(open_things, self._folder, None)
                for part in parts[:-1]:
                    folder = _opened(open_things, part, folder)
                file = open_things.enter_context(os.fdopen(os.open(parts[-1], _FILE, dir_fd=folder), "rb"))
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise BrokenFile(f"{name} is no file")
                yield file
        except FileNotFoundError:
            raise NotThere(f"{name} is not there") from None
        except (OSError, ValueError) as trouble:
            raise BrokenFile(f"{name} is a link, or cannot be read: {trouble}") from trouble


def _opened(open_things: contextlib.ExitStack, name: str | Path, inside: int | None) -> int:
    descriptor = os.open(name, _DIRECTORY, dir_fd=inside)
    open_things.callback(os.close, descriptor)
    return descriptor


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a name below the folder. Raises `BrokenFile` for one that would leave it."""
    path = PurePosixPath(name)
    leaves = path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name or "\0" in name
    if leaves or not _is_name(name):
        raise BrokenFile(f"{name!r:.200} is no name of a file in the run's folder")
    return path.parts


def _is_name(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True
