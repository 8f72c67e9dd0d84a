"""Where the index is and how it is opened: one private SQLite file below the data, made anew where it is of no use.

    DATA/.serving/explorer.sqlite     runs, as lists show and sort them; texts to search; days as they were seen

Everything in it stands in the tables of the dataset or in the remarks: it may be removed at any time.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from exporters.storage.files import PRIVATE_FILE, make_directory

FOLDER, FILE = ".serving", "explorer.sqlite"
VERSION = 2
"""Of what is in it; an index of another version is made anew."""

BUSY_SECONDS = 30.0
BUSY_SECONDS_TO_READ = 5.0

COLUMNS = (
    *("execution_id", "trace_id", "config_name", "status", "execution_mode", "safety_level"),
    *("user_id", "session_id", "device_id", "study_id", "batch_id"),
)
"""Texts that runs are chosen and sorted by."""

_SCHEMA = (
    f"""
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, run_key TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, write_id INTEGER NOT NULL,
    day TEXT NOT NULL, is_whole INTEGER NOT NULL, moment INTEGER NOT NULL,
    {", ".join(f"{name} TEXT" for name in COLUMNS)},
    seconds REAL, outputs INTEGER NOT NULL, items INTEGER NOT NULL, marks TEXT NOT NULL DEFAULT ''
)""",
    "CREATE INDEX by_day ON runs (day, run_key, revision, write_id, is_whole)",
    "CREATE INDEX by_moment ON runs (moment, execution_id, write_id)",
    "CREATE INDEX by_execution ON runs (execution_id, trace_id)",
    "CREATE INDEX by_config ON runs (config_name, moment)",
    "CREATE INDEX by_status ON runs (status, moment)",
    "CREATE INDEX by_session ON runs (session_id, moment)",
    "CREATE INDEX by_user ON runs (user_id, moment)",
    "CREATE INDEX by_marks ON runs (marks) WHERE marks != ''",
    "CREATE TABLE cards (id INTEGER PRIMARY KEY, listed TEXT NOT NULL, student TEXT NOT NULL, researcher TEXT)",
    "CREATE VIRTUAL TABLE texts USING fts5(folded, tokenize = 'trigram case_sensitive 1', detail = 'full')",
    "CREATE TABLE days (day TEXT PRIMARY KEY, listing TEXT NOT NULL)",
    """
CREATE TABLE damages (
    path TEXT, signature TEXT NOT NULL, sentence TEXT NOT NULL, execution_id TEXT, day TEXT NOT NULL
)""",
    "CREATE TABLE remarked (id INTEGER PRIMARY KEY, marks TEXT NOT NULL, note TEXT NOT NULL)",
    # To count a hundred thousand rows that are not in memory takes a quarter of a second.
    "CREATE TABLE counted (runs INTEGER NOT NULL)",
    "INSERT INTO counted VALUES (0)",
    "CREATE TRIGGER run_in AFTER INSERT ON runs BEGIN UPDATE counted SET runs = runs + 1; END",
    "CREATE TRIGGER run_out AFTER DELETE ON runs BEGIN UPDATE counted SET runs = runs - 1; END",
    f"PRAGMA user_version = {VERSION}",
)

SEEN, UNSEEN, NOTE = 0, 1, 2
"""Texts of a run by the two lowest bits of their row's number: for everybody, for researchers, said by them. The rest
of the number is that of the run, so that a hit says at once whose it is and who may see it."""


def path_in(data_dir: Path) -> Path:
    """The file of the index of a data directory."""
    return data_dir / FOLDER / FILE


@contextlib.contextmanager
def to_write(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """A connection that may change the index, which is made where there is none, or none that can be used."""
    path = path_in(data_dir)
    make_directory(path.parent)
    try:
        database = _opened(path)
    except sqlite3.DatabaseError as trouble:
        if isinstance(trouble, sqlite3.OperationalError) and not _is_of_no_use(trouble):
            raise
        discard(data_dir)
        database = _opened(path)
    with contextlib.closing(database):
        yield database


@contextlib.contextmanager
def to_read(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing. Raises `sqlite3.Error` where there is no index yet."""
    uri = f"{path_in(data_dir).absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS_TO_READ, isolation_level=None)) as it:
        it.execute("PRAGMA query_only = ON")
        it.execute("PRAGMA mmap_size = 1073741824")
        it.execute("PRAGMA temp_store = MEMORY")
        yield it


@contextlib.contextmanager
def writing(database: sqlite3.Connection) -> Iterator[None]:
    """A block of changes that are all made, or none."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def discard(data_dir: Path) -> None:
    """Remove the index with what SQLite has beside it."""
    path = path_in(data_dir)
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, PRIVATE_FILE))
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        # What was written last may be lost with a power cut: it is read from the tables again.
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", "temp_store = MEMORY"):
            database.execute(f"PRAGMA {pragma}")
        _have_tables(database)
    except BaseException:
        database.close()
        raise
    return database


def _have_tables(database: sqlite3.Connection) -> None:
    if _version(database) == VERSION:
        return
    with writing(database):
        version = _version(database)  # somebody else may have made them meanwhile
        if version == 0:
            for statement in _SCHEMA:
                database.execute(statement)
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"this index is of version {version}")


def _version(database: sqlite3.Connection) -> int:
    [version] = database.execute("PRAGMA user_version").fetchone()
    return int(version)


def _is_of_no_use(trouble: sqlite3.OperationalError) -> bool:
    return "no such" in str(trouble) or "malformed" in str(trouble)
