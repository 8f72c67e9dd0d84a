"""Where everything is under a data directory: names of days, files and folders.

    DATA/executions/date=2026-11-23/ab12cd34-<write id>-<random>.parquet     one row per run
    DATA/items/date=2026-11-23/<the same name>.parquet                       one row per item of these runs
    DATA/blobs/date=2026-11-23/<the same name>.parquet                       large graphs of these runs, if any
    DATA/media/<execution_id>/…    DATA/documents/<execution_id>/…    DATA/codebook.csv    DATA/codebook.json
    DATA/remarks/remarks.jsonl                                               what researchers said of runs since

Files of one write share their name, so the items of a row are found without looking. A file with one run begins
with the 8 hex digits that its execution_id ends with; other files begin with `batch` or `day`.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from exporters.errors import BrokenFile

ONE_DAY = dt.timedelta(days=1)
LONGEST_NAME = 120


def days_near(day: dt.date) -> list[dt.date]:
    """The day before, the day and the day after; the calendar begins in the year 1 and ends in 9999.

    >>> days_near(dt.date.min)
    [datetime.date(1, 1, 1), datetime.date(1, 1, 2)]
    """
    before = [day - ONE_DAY] if day > dt.date.min else []
    after = [day + ONE_DAY] if day < dt.date.max else []
    return [*before, day, *after]


class Dated(Protocol):
    """A run by what says its day."""

    @property
    def execution_id(self) -> str:
        """Its id, which may name the day."""

    @property
    def timestamp(self) -> dt.datetime:
        """When it began."""


def day_of(record: Dated) -> dt.date:
    """The day a record is stored under: the one in its execution_id, if that is within a day of its timestamp.

    So an id alone leads to its directory, and a span of time to its days (give or take one).
    """
    started = record.timestamp.astimezone(dt.UTC).date()
    named = day_of_id(record.execution_id)
    return named if named and abs(named - started) <= ONE_DAY else started


def day_of_id(execution_id: str) -> dt.date | None:
    """The day that an execution_id names.

    >>> day_of_id("exec_20261123_043900_ab12cd34")
    datetime.date(2026, 11, 23)
    """
    found = re.match(r"exec_(\d{4})(\d{2})(\d{2})_", execution_id)
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def day_directory(data_dir: Path, table: str, day: dt.date) -> Path:
    """The directory of one day of a table, in hive style: engines read `date` from it."""
    return data_dir / table / f"date={day.isoformat()}"


def stored_days(data_dir: Path, table: str = "executions") -> list[dt.date]:
    """The days that a table has, newest first."""
    return sorted((day for name in names_in(data_dir / table) if (day := day_of_directory(name))), reverse=True)


def table_files(data_dir: Path, table: str, day: dt.date) -> list[Path]:
    """The finished files of one day of a table, by name: those that our writer has named, and nothing else.

    A sync tool's conflicted copy would show its runs twice, a pipe would never end; `inspection` names both.
    """
    directory = day_directory(data_dir, table, day)
    return [directory / name for name in file_names_in(directory)]


def file_names_in(directory: Path) -> list[str]:
    """The names of the finished files in the directory of a day, sorted."""
    return sorted(filter(is_file_name, names_in(directory)))


def names_in(directory: Path) -> list[str]:
    """What a directory has; nothing where there is none. `BrokenFile` where nobody can look into it."""
    try:
        with os.scandir(directory) as entries:
            return [entry.name for entry in entries]
    except FileNotFoundError:
        return []
    except OSError as trouble:
        raise BrokenFile(f"{directory} cannot be looked into: {trouble.strerror or trouble}", directory) from trouble


def file_name(label: str, write_id: int) -> str:
    """A file name that nobody else has chosen."""
    return f"{label}-{write_id:016x}-{secrets.token_hex(4)}.parquet"


def is_file_name(name: str) -> bool:
    """Whether our writer may have named a file so.

    >>> is_file_name("batch-3309a4a8f984592c-6fe3a90e.parquet"), is_file_name("batch-3309a4a8f984592c (copy).parquet")
    (True, False)
    """
    return _FILE_NAME.fullmatch(name) is not None


def is_unfinished_name(name: str) -> bool:
    """Whether it is the hidden name under which our writer writes a file."""
    return _UNFINISHED_NAME.fullmatch(name) is not None


def is_hidden_name(name: str) -> bool:
    """Whether it is a hidden name under which any file of ours is written.

    >>> is_hidden_name(".001_output_image.png.6fe3a90e.tmp"), is_hidden_name("001_output_image.png")
    (True, False)
    """
    return _HIDDEN_NAME.fullmatch(name) is not None


_FILE_NAME = re.compile(r"(?:[0-9a-f]{8}|run|batch|day)-[0-9a-f]{16}-[0-9a-f]{8}\.parquet")
_HIDDEN_NAME = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
_UNFINISHED_NAME = re.compile(rf"\.{_FILE_NAME.pattern}\.[0-9a-f]{{8}}\.tmp")


class Identified(Protocol):
    """A run by its two ids."""

    @property
    def execution_id(self) -> str:
        """The short one, for people."""

    @property
    def trace_id(self) -> str | None:
        """The full one."""


def label_of(runs: Sequence[Identified]) -> str:
    """What a file's name begins with: the short id of its only run, or `batch`."""
    if len(runs) > 1:
        return "batch"
    short = short_id(runs[0].execution_id)
    return short if short and (runs[0].trace_id or "").startswith(short) else "run"


def may_hold(name: str, execution_id: str) -> bool:
    """Whether a file may hold that run, as far as its name tells."""
    label = name.partition("-")[0]
    return label in ("batch", "day", "run") or label == short_id(execution_id)


def is_likely_in(path: Path, text: str) -> bool:
    """Whether a file is where to look first for a run whose id ends with `text`, or whose trace id it is."""
    label = path.name.partition("-")[0]
    is_hex = len(text) in (8, 32) and not set(text) - set("0123456789abcdef")
    return label in ("batch", "day", "run") or not is_hex or text.startswith(label)


def short_id(execution_id: str) -> str | None:
    """The 8 hex digits that an execution_id ends with.

    >>> short_id("exec_20261123_043900_ab12cd34")
    'ab12cd34'
    """
    found = re.search(r"_([0-9a-f]{8})\Z", execution_id)
    return found[1] if found else None


def folder_name(execution_id: str) -> str:
    """A folder name for a run: its execution_id, with characters that mean something to a file system escaped.

    >>> folder_name("exec_20261123_043900_ab12cd34"), folder_name("../x")
    ('exec_20261123_043900_ab12cd34', '%2E%2E%2Fx')
    """
    name = urllib.parse.quote(execution_id, safe=" ", errors="surrogatepass")
    name = name.replace(".", "%2E") if name[:1] in (".", "") else name
    return name[:LONGEST_NAME] or "%"


def day_of_directory(name: str) -> dt.date | None:
    """The day that a directory is for; None where it is no name of ours.

    >>> day_of_directory("date=2026-11-23"), day_of_directory("date=2026-11-23 (1)")
    (datetime.date(2026, 11, 23), None)
    """
    found = re.fullmatch(r"date=(\d{4}-\d{2}-\d{2})", name, re.ASCII)
    try:
        return dt.date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
