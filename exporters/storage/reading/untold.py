"""Put down the summaries of files that a reader had to open, so that the next one need not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from exporters.storage.tables.day_summaries import MOST_READ, add_lines, line_of
from exporters.storage.tables.summary import summary_of_rows
from exporters.storage.tables.unpack import Row
from exporters.storage.writing.tombstones import Tombstones


def put_down(directory: Path, read: Mapping[str, Sequence[Row]]) -> None:
    """Put down the rows of files in the directory of a day that were read just now, where they are many.

    Somebody who looks at the data of others leaves nothing there: they could not write to it.
    """
    if len(read) <= MOST_READ:
        return
    data_dir = directory.parents[1]
    tombstones = Tombstones(data_dir)
    with contextlib.suppress(OSError):
        if data_dir.stat().st_uid != os.geteuid():
            return
        # No erasure begins meanwhile; one that has begun, perhaps in this very thread, is not waited for.
        with tombstones.writing(wait=False):
            add_lines(directory, _lines(directory, read, tombstones))


def _lines(directory: Path, read: Mapping[str, Sequence[Row]], tombstones: Tombstones) -> Iterator[bytes]:
    for name, rows in read.items():
        summary = summary_of_rows(rows)
        is_erased = any(tombstones.holds(row["execution_id"], row["trace_id"]) for row in rows)
        # What has no id of its own may be anybody's.
        if summary and not is_erased and None not in (row["execution_id"] for row in rows):
            with contextlib.suppress(FileNotFoundError):
                yield line_of(directory / name, summary)
