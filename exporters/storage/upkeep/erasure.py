"""Erase a run: every row of it in every table, its media and its documents."""

from __future__ import annotations

import shutil
from pathlib import Path

from exporters.storage.files import remove
from exporters.storage.layout import folder_name, stored_days
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow, sibling
from exporters.storage.tables.parquet_file import no_step
from exporters.storage.upkeep.compaction import TABLES
from exporters.storage.upkeep.day_rewrite import rewrite_day
from exporters.storage.writing.locks import compaction_lock


def erase_run(data_dir: Path, execution_id: str) -> bool:
    """Whether there was anything of the run; now there is nothing. `CompactionRunning` while another process compacts.

    The other runs of a file are written again under new write ids before it goes, as compaction does.
    """
    if not data_dir.is_dir():
        return False
    with compaction_lock(data_dir):
        index = ExecutionIndex(data_dir)
        rows = [row for day in stored_days(data_dir) for row in index.all_rows(day)]
        paths = {row.path for row in rows if row.execution_id == execution_id}
        for path in sorted(paths):
            _rewrite_without(data_dir, execution_id, [row for row in rows if row.path == path])
    folders = [data_dir / kind / folder_name(execution_id) for kind in ("media", "documents")]
    found = [folder for folder in folders if folder.is_dir()]
    for folder in found:
        shutil.rmtree(folder)
    return bool(paths or found)


def _rewrite_without(data_dir: Path, execution_id: str, rows: list[ExecutionRow]) -> None:
    """Write the others of a file's rows again, and remove it with what belongs to it."""
    kept = [row for row in rows if row.execution_id != execution_id]
    rewrite_day(data_dir, rows[0].day, kept, above=max(row.write_id for row in rows), step=no_step)
    path = rows[0].path
    remove([path if table == "executions" else sibling(path, table) for table in TABLES])
