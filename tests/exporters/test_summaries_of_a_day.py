"""A day of many small files is listed from their summaries, which may be torn, gone or behind, and never say more."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from children import start_python
from crash_stage import PROGRAM, a_batch
from hypothesis import given
from records import LATER, NOON, a_record, a_run_of_hops, records, rows

from exporters import ParquetSink, compact, list_executions, read_records
from exporters.storage.layout import day_directory
from exporters.storage.tables.day_summaries import MOST_READ, read_summaries, summaries_of_day
from exporters.storage.tables.pack import pack
from exporters.storage.tables.rows import row_of
from exporters.storage.tables.summary import COLUMNS, rows_of_summary, summary_of
from exporters.storage.tables.unpack import exact_fields, mentions_blob, plain_fields
from exporters.storage.writing.stored_keys import StoredKeys
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking.columns import columns_of
from otel_tracking.erasure import RunId

ODD = ({"config_name": {"of": ["a", "dict"]}}, {"user_id": "\ud800"}, {"used_seed": 2**80}, {"study_id": 7})
MANY = MOST_READ + 4


@pytest.fixture
def day(tmp_path):
    """The directory of a day of many runs, one file each; some say odd things."""
    sink = ParquetSink(tmp_path)
    infinite = a_record(total_execution_time=float("inf"))
    for run in (infinite, *(a_record(**odd) for odd in ODD), *(a_record() for _ in range(MANY - 1 - len(ODD)))):
        sink.write(run)
    return day_directory(tmp_path, "executions", NOON.date())


def files(day):
    return sorted(day.glob("*.parquet"))


def names(day):
    return [path.name for path in files(day)]


def spoil_unseen(path):
    """Harm a file as a failing disk would, which leaves no trace of when."""
    found = path.stat()
    path.write_bytes(b"\0" * found.st_size)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_a_list_shows_the_same_with_and_without_them(tmp_path, day):
    """Values that no column can say included."""
    assert set(read_summaries(day, names(day))) == set(names(day))
    listed = list_executions(tmp_path)
    summaries_of_day(day).unlink()

    assert list_executions(tmp_path) == listed
    assert len(listed) == MANY


def test_a_day_of_many_files_is_listed_without_opening_them(tmp_path, day):
    """What is stored is known so, too; whoever reads a record notices what has become of its file."""
    run = next(read_records(tmp_path))
    for path in files(day):
        spoil_unseen(path)
    told = []

    assert len(list_executions(tmp_path)) == MANY
    assert StoredKeys(tmp_path).contains(run.trace_id, 1)
    assert list(read_records(tmp_path, on_damage=told.append)) == []
    assert {damage.path for damage in told} == set(files(day))


def test_few_files_are_read_every_byte(tmp_path):
    """There a list notices what a failing disk has done."""
    ParquetSink(tmp_path).write(a_record())
    [path] = (tmp_path / "executions").glob("*/*.parquet")
    spoil_unseen(path)
    told = []

    assert list_executions(tmp_path, on_damage=told.append) == []
    assert [damage.path for damage in told] == [path]


def test_a_file_that_has_changed_since_is_read_itself(tmp_path, day):
    """Its size or its time tells; so is one that came back from a backup, and is whole."""
    harmed, restored = files(day)[:2]
    content = bytearray(harmed.read_bytes())
    content[len(content) // 2] ^= 1
    harmed.write_bytes(content)
    for path in (harmed, restored):
        os.utime(path, ns=(0, 10**18))
    told = []

    assert len(list_executions(tmp_path, on_damage=told.append)) == MANY - 1
    assert [damage.path for damage in told] == [harmed]


def test_a_file_that_is_gone_is_not_listed(tmp_path, day):
    """And a directory or a link that bears its name is no file."""
    gone, directory, link = files(day)[:3]
    for path in (gone, directory, link):
        path.unlink()
    directory.mkdir()
    link.symlink_to(files(day)[-1])

    assert len(list_executions(tmp_path, on_damage=lambda damage: None)) == MANY - 3


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_torn_line_counts_for_nothing_and_swallows_no_other(tmp_path, day, cut):
    """A writer that dies while it adds one, or a power cut."""
    path = summaries_of_day(day)
    os.truncate(path, path.stat().st_size - cut)
    known = read_summaries(day, names(day))
    ParquetSink(tmp_path).write(a_record())

    assert len(known) == MANY - 1
    # One that lacks its end only is whole once another has begun.
    assert len(read_summaries(day, names(day))) == (MANY + 1 if cut == 1 else MANY)
    assert len(list_executions(tmp_path)) == MANY + 1


def test_a_flipped_bit_in_them_is_noticed(tmp_path, day):
    """Wherever it is: its line is not believed, and the file is read."""
    path, listed = summaries_of_day(day), list_executions(tmp_path)
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        assert list_executions(tmp_path) == listed


@pytest.mark.parametrize("rubbish", [b"", b"\0" * 5000, b"dear diary\n" * 500, b"00000000 a b c\n", b"\xff" * 99])
def test_anything_may_be_in_their_place(tmp_path, day, rubbish):
    """Zeros after a power cut, another program's file."""
    listed = list_executions(tmp_path)
    summaries_of_day(day).write_bytes(rubbish)

    assert list_executions(tmp_path) == listed


def test_a_link_in_their_place_is_not_followed(tmp_path, day):
    """They are written to: a link would lead that into another file."""
    treasure = tmp_path / "treasure"
    treasure.write_text("gold")
    summaries_of_day(day).unlink()
    summaries_of_day(day).symlink_to(treasure)
    ParquetSink(tmp_path).write(a_record())

    assert len(list_executions(tmp_path)) == MANY + 1
    assert treasure.read_text() == "gold"


def test_a_list_is_whole_after_a_death_between_the_write_and_its_line(tmp_path, day):
    """The file has its name, nothing is put down of it: it is read."""
    child = start_python(PROGRAM, "write", tmp_path, len(a_batch(0)) + 3 + 1)
    child.communicate(timeout=60)
    [batch] = set(names(day)) - set(read_summaries(day, names(day)))

    assert child.returncode == -signal.SIGKILL
    assert batch.startswith("batch-")
    assert len(list_executions(tmp_path)) == MANY + len(a_batch(0))


WRITER = """
import sys
from exporters import ParquetSink
from records import a_record

sink = ParquetSink(sys.argv[1])
for number in range(40):
    sink.write(a_record(trace_id=f"{sys.argv[2]}{number:031x}"))
"""


def test_two_processes_put_them_down_at_once(tmp_path):
    """Every line is whole."""
    children = [start_python(WRITER, tmp_path, who, PYTHONPATH=os.pathsep.join(sys.path)) for who in "ab"]
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    day = day_directory(tmp_path, "executions", NOON.date())

    assert len(read_summaries(day, names(day))) == len(list_executions(tmp_path)) == 80


def test_a_reader_puts_down_what_it_had_to_read(tmp_path, day):
    """A store of an earlier version is read once more, and then never again."""
    shutil.rmtree(summaries_of_day(day).parent)
    listed = list_executions(tmp_path)

    assert len(read_summaries(day, names(day))) == MANY
    assert list_executions(tmp_path) == listed


def test_a_reader_leaves_nothing_where_somebody_erases(tmp_path, day):
    """Neither while it is decided who is erased, nor of whoever was."""
    tombstones, run = Tombstones(tmp_path), next(read_records(tmp_path))
    summaries_of_day(day).unlink()
    with tombstones.deciding():
        assert len(list_executions(tmp_path)) == MANY
    assert not summaries_of_day(day).exists()

    tombstones.add([RunId(run.execution_id, run.trace_id)], "an erasure")
    assert len(list_executions(tmp_path)) == MANY
    assert run.execution_id.encode() not in summaries_of_day(day).read_bytes()


def test_compaction_drops_them_with_the_files(tmp_path, day):
    """What was written meanwhile is read itself."""
    run = a_run_of_hops("one", "two")
    assert summaries_of_day(day).exists()
    compact(tmp_path, before=LATER, step=lambda name: name == "remove items" and _write_once(tmp_path, run))

    assert not summaries_of_day(day).exists()
    assert len(list_executions(tmp_path)) == MANY + 1
    assert len(rows(tmp_path, "executions")) == MANY + 1


def _write_once(data_dir, run):
    sink = ParquetSink(data_dir)
    if not sink.contains(run.trace_id, 1):
        sink.write(run)


@given(records)
def test_a_plain_row_says_what_an_exact_look_says(record):
    """The short way is taken only where it leads to the same."""
    prepared = row_of(columns_of(dataclasses.replace(record, attachments={})), Path("/nowhere"), None)
    [row] = rows_of_summary(summary_of(pack([prepared], [1]).executions), COLUMNS)
    plain = plain_fields(row)
    if plain is not None:
        assert {**plain, "exact_json": None} == {**dict.fromkeys(COLUMNS), **exact_fields(row, {})}
    else:
        assert row["exact_json"] is not None or mentions_blob(row)


def test_what_a_stranger_has_written_is_looked_at_closely(tmp_path, day):
    """A count below zero, a word for a status that is none, a time that is nothing: never taken as they are."""
    row = read_summaries(day, names(day))[names(day)[0]][0]
    row = {**row, "exact_json": None}
    odd = ({"revision": -1}, {"status": "blue"}, {"outputs_generated": None}, {"timestamp": 0}, {"revision": True})

    assert plain_fields(row) is not None
    assert [plain_fields({**row, **given}) for given in odd] == [None] * len(odd)
