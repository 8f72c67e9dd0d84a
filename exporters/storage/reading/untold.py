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


def put_down(data_dir: Path, directory: Path, read: Mapping[Path, Sequence[Row]]) -> None:
    """Put down the rows of files of one day that were read just now, where these are many and it can be done.

    Somebody who looks at the data of others leaves nothing there: they could not write to it.
    """
    if len(read) <= MOST_READ:
        return
    tombstones = Tombstones(data_dir)
    with contextlib.suppress(OSError):
        if data_dir.stat().st_uid != os.geteuid():
            return
        # No erasure begins meanwhile; one that has begun, perhaps in this very thread, is not waited for.
        with tombstones.writing(wait=False):
            add_lines(directory, _lines(read, tombstones))


def _lines(read: Mapping[Path, Sequence[Row]], tombstones: Tombstones) -> Iterator[bytes]:
    for path, rows in read.items():
        summary = summary_of_rows(rows)
        is_erased = any(tombstones.holds(row["execution_id"], row["trace_id"]) for row in rows)
        # What has no id of its own may be anybody's.
        if summary and not is_erased and None not in (row["execution_id"] for row in rows):
            with contextlib.suppress(FileNotFoundError):
                yield line_of(path, summary)
