"""Tell which days have so many small files that whoever asks all of them in SQL waits for their opening."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from exporters.errors import BrokenFile
from exporters.storage.layout import day_directory, file_names_in, stored_days

MANY = 64
"""Files of executions in a day that are worth joining."""

SLOW = 1_000
"""Files in all of which a question takes seconds: DuckDB opens as many of items, and needs a millisecond for each."""


def file_count(data_dir: Path, day: dt.date) -> int:
    """How many files of executions a day has, as far as one can look."""
    with contextlib.suppress(BrokenFile):
        return len(file_names_in(day_directory(data_dir, "executions", day)))
    return 0


def crowded_days(data_dir: Path, before: dt.date | None = None) -> Mapping[dt.date, int]:
    """The days before `before` (today in UTC) that have many files, and how many.

    >>> import tempfile
    >>> crowded_days(Path(tempfile.mkdtemp()))
    {}
    """
    before = before or dt.datetime.now(dt.UTC).date()
    counts = {day: file_count(data_dir, day) for day in stored_days(data_dir) if day < before}
    return {day: count for day, count in counts.items() if count >= MANY}


def told_of_crowds(data_dir: Path) -> str | None:
    """Why a question in SQL will take long, and what helps; None where it will not."""
    today = dt.datetime.now(dt.UTC).date()
    past = sum(crowded_days(data_dir).values())
    every = past + file_count(data_dir, today)
    if every < SLOW:
        return None
    helps = "otel-tracking compact joins those of past days" if past else "once their day is over, compact joins them"
    return f"{every:,} small files are opened one by one, which takes seconds for each question; {helps}"
