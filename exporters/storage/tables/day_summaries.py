"""Keep the summaries of a day's small files together: who lists the day reads one file instead of thousands.

    DATA/.summaries/date=2026-11-23      a line for each file: checksum, name, size, time of change, summary

A line is believed where it is whole and the file that it names is there with that size and time; any other file is
read. So it may lack files, have a torn line or be gone at any time. `docs/decisions/summaries-of-a-day.md` tells why.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from isal.isal_zlib import crc32

from exporters.storage.files import PRIVATE_FILE, make_directory
from exporters.storage.tables.summary import COLUMNS, rows_of_summary
from exporters.storage.tables.unpack import Row

FOLDER = ".summaries"

MOST_READ = 16
"""Files that are read, every byte of them checked, where a reader has no more to read."""


def summaries_of_day(directory: Path) -> Path:
    """Where the summaries of the files in `directory`, a day of executions, are.

    >>> summaries_of_day(Path("data/executions/date=2026-11-23"))
    PosixPath('data/.summaries/date=2026-11-23')
    """
    return directory.parents[1] / FOLDER / directory.name


def line_of(path: Path, summary: bytes) -> bytes:
    """What is put down of the file of executions at `path` as it is now. `OSError` where it is gone."""
    found = path.lstat()
    said = b"%s %d %d %s" % (path.name.encode(), found.st_size, found.st_mtime_ns, summary)
    return b"%08x %s" % (crc32(said), said)


def add_summary(path: Path, summary: bytes) -> None:
    """Put down the summary of a file that was written just now, as far as that can be done."""
    if summary:
        with contextlib.suppress(OSError):
            add_lines(path.parent, [line_of(path, summary)])


def add_lines(directory: Path, lines: Iterable[bytes]) -> None:
    """Add what `line_of` gave for files of a day; for whoever holds the lock of writes. Raises `OSError`."""
    path = summaries_of_day(directory)
    make_directory(path.parent)
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        # In one piece, as other processes do; behind a line that a death has torn, a new one begins.
        os.write(descriptor, b"\n" + b"\n".join(lines) + b"\n")
    finally:
        os.close(descriptor)


def read_summaries(directory: Path, names: Collection[str]) -> Mapping[str, list[Row]]:
    """The rows of those files of a day of which a line is believed; of none where there are few.

    Their own bytes are not looked at: whoever reads more of them than this notices what has become of them.
    """
    if len(names) <= MOST_READ:
        return {}
    try:
        with open(summaries_of_day(directory), "rb", opener=_no_link) as file:
            said = _last_said(file, frozenset(name.encode() for name in names))
    except OSError:
        return {}
    day = os.fsencode(directory)
    return {name.decode(): rows for name, line in said.items() if (rows := _believed(day, name, line))}


def read_runs(path: Path) -> Iterator[tuple[str, str | None]]:
    """Execution id and trace id of each run that is named in a file of summaries, believed or not."""
    for line in path.read_bytes().split(b"\n"):
        summary = b" ".join(line.split(b" ")[4:])
        with contextlib.suppress(ValueError):
            rows = rows_of_summary(summary, COLUMNS) if summary else None
            yield from ((row["execution_id"], row["trace_id"]) for row in rows or ())


def forget_summaries(directory: Path) -> None:
    """Remove what was put down of a day: its files have been written anew."""
    summaries_of_day(directory).unlink(missing_ok=True)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _last_said(lines: Iterable[bytes], names: frozenset[bytes]) -> dict[bytes, bytes]:
    """What the last whole line of each file says behind its name."""
    said = {}
    for line in lines:
        name, _, rest = line[9:-1].partition(b" ")
        if name in names and line.startswith(b"%08x " % crc32(line[9:-1])):
            said[name] = rest
    return said


def _believed(directory: bytes, name: bytes, said: bytes) -> list[Row]:
    size, changed_ns, summary = said.split(b" ", 2)
    try:
        found = os.lstat(b"%s/%s" % (directory, name))
    except OSError:
        return []
    if found.st_size != int(size) or found.st_mtime_ns != int(changed_ns) or not stat.S_ISREG(found.st_mode):
        return []
    # One of another version may lack a column; its files can be read.
    return rows_of_summary(summary, COLUMNS) or []
