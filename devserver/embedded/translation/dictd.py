"""Look headwords up in a dictd dictionary: an index file and a packed text file.

The index of German-English has 383,000 headwords and takes about two seconds to
parse; so what was parsed is kept as an SQLite file in the user's cache directory
and opened in a millisecond the next time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from idzip import IdzipFile

from exporters.storage.files import write_file

# Part of the cached file's name: a change of the table makes old files be built anew.
_FORMAT = 1
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUE_OF_DIGIT = {digit: value for value, digit in enumerate(_DIGITS)}

IndexRow = tuple[str, int, int, int]


class Dictionary:
    """One dictd dictionary, found by its index file."""

    def __init__(self, index_file: Path, *, cache_dir: Path | None = None) -> None:
        """`cache_dir` is where parsed indexes are kept; default: the user's cache directory."""
        # Only the chunks that an entry lies in are unpacked; plain gzip is read as well.
        self._text = IdzipFile(str(index_file.with_suffix(".dict.dz")))
        self._index = open_index(index_file, cache_dir or default_cache_dir())
        self._lock = threading.Lock()

    def entries(self, headword: str) -> tuple[str, ...]:
        """The entries of a headword as they stand in the dictionary, case ignored, in its order."""
        with self._lock:
            places = self._index.execute(
                "SELECT start, length FROM entry WHERE headword = ? ORDER BY position", (headword.lower(),)
            ).fetchall()
            return tuple(self._read(start, length) for start, length in places)

    def _read(self, start: int, length: int) -> str:
        self._text.seek(start)
        return str(self._text.read(length), "utf-8", "replace")

    def __contains__(self, headword: str, /) -> bool:
        """Whether the headword is listed, case ignored."""
        query = "SELECT 1 FROM entry WHERE headword = ? LIMIT 1"
        with self._lock:
            return self._index.execute(query, (headword.lower(),)).fetchone() is not None

    def close(self) -> None:
        """Let go of the files."""
        self._index.close()
        self._text.close()


def dictd_number(digits: str) -> int:
    """The number that dictd writes with 64 digits, most significant first.

    >>> dictd_number("BAA")
    4096
    """
    number = 0
    for digit in digits:
        number = number * 64 + _VALUE_OF_DIGIT[digit]
    return number


def dictd_digits(number: int) -> str:
    """The digits that `dictd_number` reads.

    >>> dictd_digits(4096)
    'BAA'
    """
    digits = _DIGITS[number % 64]
    while number := number // 64:
        digits = _DIGITS[number % 64] + digits
    return digits


def parse_index(index_file: Path) -> Iterator[IndexRow]:
    """The index as rows of headword, position in the index, start and length of the entry in bytes."""
    with index_file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for position, line in enumerate(lines):
            headword, start, length = line.rstrip("\n").split("\t")[:3]
            yield headword, position, dictd_number(start), dictd_number(length)


def default_cache_dir() -> Path:
    """Where parsed indexes are kept: below `$XDG_CACHE_HOME`, or `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification says to ignore a relative path.
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "otel-tracking" / "dictd"


def open_index(index_file: Path, cache_dir: Path) -> sqlite3.Connection:
    """The parsed index, from the cache when it holds this very file, else parsed and cached now.

    Where the cache cannot be written the index lives in memory: the same answers, a slower start.
    """
    state = index_file.stat()
    cached = cache_dir / f"{index_file.stem}.{state.st_size}-{state.st_mtime_ns}.v{_FORMAT}.sqlite"
    with suppress(sqlite3.Error):
        return _connect(cached)
    in_memory = sqlite3.connect(":memory:", check_same_thread=False)
    _fill(in_memory, index_file)
    with suppress(OSError):
        write_file(cached, in_memory.serialize())
        for other in set(cache_dir.glob(f"{index_file.stem}.*.sqlite")) - {cached}:
            other.unlink(missing_ok=True)
    return in_memory


def _connect(cached: Path) -> sqlite3.Connection:
    # immutable: the file is never changed, only replaced, so no locks are needed.
    uri = f"{cached.resolve().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    try:
        connection.execute("SELECT start FROM entry LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _fill(connection: sqlite3.Connection, index_file: Path) -> None:
    connection.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "CREATE TABLE entry (headword TEXT, position INTEGER, start INTEGER, length INTEGER,"
        " PRIMARY KEY (headword, position)) WITHOUT ROWID;"
    )
    with connection:
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", parse_index(index_file))


@lru_cache(maxsize=64)
def open_dictionary(index_file: Path, cache_dir: Path | None = None) -> Dictionary:
    """The dictionary of an index file, opened once for the whole program."""
    return Dictionary(index_file, cache_dir=cache_dir)
