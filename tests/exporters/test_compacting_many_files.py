"""A day of very many small files becomes one file a table, and says meanwhile how far it is."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
from records import LATER, NOON, a_record, a_run_of_hops, an_item

from exporters import ParquetSink, compact, read_records
from exporters.storage.layout import day_directory
from exporters.storage.tables.parquet_file import ROWS_PER_GROUP, write_table

MANY = 150
"""More than are joined at once."""


def write_each(data_dir, runs):
    sink = ParquetSink(data_dir)
    for run in runs:
        sink.write(run)


def files(data_dir, table):
    return sorted(day_directory(data_dir, table, NOON.date()).glob("*.parquet"))


def test_every_run_of_many_files_is_there_afterwards(tmp_path):
    """Also where some have graphs or no items, and one has more rows than a row group holds."""
    small = [a_run_of_hops("a meadow", f"in {number} words") for number in range(MANY)]
    large = a_record(items=[an_item(content=str(number)) for number in range(ROWS_PER_GROUP + 100)])
    odd = [a_record(items=[]), a_record(items=[an_item(metadata={"graph": {"nodes": ["x" * 9000]}})])]
    write_each(tmp_path, [*small, large, *odd])
    before = list(read_records(tmp_path))

    report = compact(tmp_path, before=LATER)

    assert list(read_records(tmp_path)) == before
    assert (report.executions, report.superseded) == (MANY + 3, 0)
    assert [len(files(tmp_path, table)) for table in ("executions", "items", "blobs")] == [1, 1, 1]


def test_a_row_group_ends_between_runs(tmp_path):
    """A run by its id reads one row group; only one that is larger than that has more."""
    half = ROWS_PER_GROUP * 2 // 3
    write_each(tmp_path, [a_record(items=[an_item()] * half) for _ in range(3)])

    compact(tmp_path, before=LATER)

    (items,) = files(tmp_path, "items")
    metadata = pq.ParquetFile(items).metadata
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [half] * 3


def test_what_is_large_in_memory_is_written_before_it_is_much(tmp_path):
    """Graphs of megabytes make row groups of few rows."""
    graph = {"nodes": [os.urandom(2**20).hex()]}
    write_each(tmp_path, [a_record(items=[an_item(metadata={"graph": {**graph, "n": n}})]) for n in range(70)])

    compact(tmp_path, before=LATER)

    assert pq.ParquetFile(files(tmp_path, "blobs")[0]).metadata.num_row_groups > 1


def test_columns_of_a_newer_version_stay_whichever_files_have_them(tmp_path):
    """Files of others among them have nothing there."""
    write_each(tmp_path, [a_record() for _ in range(3)])
    path = files(tmp_path, "executions")[1]
    table = pq.ParquetFile(path).read()
    write_table(path, table.append_column("mood", pa.array(["calm"])))

    compact(tmp_path, before=LATER)

    (executions,) = files(tmp_path, "executions")
    assert sorted(pq.ParquetFile(executions).read()["mood"].to_pylist(), key=str) == [None, None, "calm"]


def test_progress_is_told_while_a_day_lasts(tmp_path):
    """It grows, and ends with all; a day that needs nothing is done at once."""
    write_each(tmp_path, [a_record() for _ in range(20)])
    told = []

    compact(tmp_path, before=LATER, progress=lambda done, of: told.append((done, of)))

    assert all(first[0] <= second[0] for first, second in pairwise(told))
    assert len({done for done, _ in told}) > 20
    assert told[-1][0] == told[-1][1] == {of for _, of in told}.pop()


OPENED = """
import datetime as dt, os, sys
from pathlib import Path
from exporters import compact
def hook(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & os.O_DIRECTORY:
        print(Path(args[0]).parent.name)
sys.addaudithook(hook)
compact(sys.argv[1], before=dt.date.max)
"""
"""Says which directories are opened to be synced."""


def test_a_directory_is_synced_for_all_files_that_go_and_not_for_each(tmp_path):
    """To sync it for each of thousands takes minutes; executions are gone for good before their items go."""
    write_each(tmp_path, [a_record() for _ in range(30)])

    done = subprocess.run([sys.executable, "-c", OPENED, tmp_path], check=True, capture_output=True, text=True)

    assert done.stdout.split() == ["items", "executions", "executions", "items"]
