"""A sealed file tells what it is; what is not a plain file of ours is left alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import os
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from children import ROOT, others_may_read, run_python
from damage_stage import unseal
from records import LATER, a_picture, a_record, a_run_of_hops, rows

from exporters import ParquetSink, compact, list_executions, read_records
from exporters.errors import BrokenFile, StorageError
from exporters.storage.reading.sql import connect
from exporters.storage.tables.schema import schema
from exporters.storage.tables.seal import belongs, check_whole, seal, sealed
from exporters.storage.tables.summary import COLUMNS, MOST_ROWS, summary_rows
from exporters.storage.tables.table_file import open_parquet
from exporters.storage.writing.locks import compaction_lock
from exporters.storage.writing.media import load_media

AT_ONCE = dt.timedelta(seconds=-60)


def files(data_dir, table="*"):
    return sorted(data_dir.glob(f"{table}/date=*/*.parquet"))


def test_every_file_is_sealed_and_says_where_it_belongs(tmp_path):
    """Written or compacted; other readers see an ordinary Parquet file."""
    ParquetSink(tmp_path).write_all([a_run_of_hops("one", "two"), a_record()])
    for _ in range(2):
        for path in files(tmp_path):
            assert check_whole(path)
            assert belongs(path) == f"{path.parents[1].name}/{path.parent.name}"
            assert pq.read_table(path, partitioning=None).num_rows
        compact(tmp_path, before=LATER)


@pytest.mark.parametrize("note", [b"", b"a summary"])
def test_a_file_in_memory_is_sealed_as_one_on_disk(note):
    table = pa.table({"content": ["an old robot"] * 100})
    written = io.BytesIO()
    pq.write_table(table, written)
    in_memory = b"".join(sealed(memoryview(written.getvalue()), "items/date=2026-11-23", note))
    seal(written, "items/date=2026-11-23", note)
    assert written.getvalue() == in_memory
    assert pq.read_table(io.BytesIO(in_memory)) == table


def test_compaction_seals_what_was_written_before_there_were_seals(tmp_path):
    """Also a day that is compact already; its records stay as they are."""
    run = a_run_of_hops("one", "two")
    ParquetSink(tmp_path).write(run)
    for path in files(tmp_path):
        unseal(path)
        assert not check_whole(path)

    assert list(read_records(tmp_path)) == [run]
    compact(tmp_path, before=LATER)
    assert all(map(check_whole, files(tmp_path)))
    assert list(read_records(tmp_path)) == [run]


def test_an_earlier_revision_is_read_where_the_latest_is_damaged(tmp_path):
    """It is what is left of the run; the damage is told with the run that misses it."""
    first = a_run_of_hops("one", "two")
    second = dataclasses.replace(first, revision=2, config_name="later")
    ParquetSink(tmp_path).write(first)
    before = set(files(tmp_path, "items"))
    ParquetSink(tmp_path).write(second)
    [path] = set(files(tmp_path, "items")) - before
    path.unlink()
    told = []

    assert list(read_records(tmp_path, on_damage=told.append)) == [first]
    assert [(damage.path, damage.execution_id) for damage in told] == [(path, first.execution_id)]
    compact(tmp_path, before=LATER)
    assert list(read_records(tmp_path, on_damage=told.append)) == [first]


def test_nothing_is_left_out_in_silence(tmp_path):
    """Without somebody to tell, what can be read is read and then the damage is raised."""
    runs = [a_record(), a_record()]
    for run in runs:
        ParquetSink(tmp_path).write(run)
    path = next(path for path in files(tmp_path, "executions") if path.name.startswith(runs[0].trace_id[:8]))
    path.write_bytes(b"")
    reading = read_records(tmp_path)

    assert next(reading) == runs[1]
    with pytest.raises(BrokenFile, match=path.name):
        next(reading)
    with pytest.raises(BrokenFile, match=path.name):
        list_executions(tmp_path)


def test_a_sink_knows_what_is_stored_also_beside_damage(tmp_path):
    """A damaged file holds nobody up: its runs may be stored again, and the record of any other is had at once."""
    runs = [a_run_of_hops("one", "two"), a_run_of_hops("three", "four")]
    sink = ParquetSink(tmp_path)
    for run in runs:
        sink.write(run)
    next(path for path in files(tmp_path, "executions") if path.name.startswith(runs[0].trace_id[:8])).write_bytes(b"")
    sink = ParquetSink(tmp_path)  # which has not seen them being written

    assert [sink.contains(run.trace_id, 1) for run in runs] == [False, True]
    assert [sink.stored(run.trace_id) for run in runs] == [None, runs[1]]
    ParquetSink(tmp_path).write(runs[0])
    assert sink.contains(runs[0].trace_id, 1)
    assert sink.stored(runs[0].trace_id) == runs[0]


def test_a_small_file_that_would_become_a_large_one_is_refused(tmp_path):
    """A few kilobytes may say that they are a million rows: they are not read."""
    ParquetSink(tmp_path).write(a_record())
    [path] = files(tmp_path, "items")
    columns = [pa.repeat(pa.scalar(_something(field.type), field.type), 10**6) for field in schema("items")]
    pq.write_table(pa.table(columns, schema=schema("items")), path, row_group_size=10**6)

    assert path.stat().st_size < 100_000
    with pytest.raises(BrokenFile, match="would become"):
        open_parquet(path)


def _something(kind):
    return dt.datetime(2026, 1, 1, tzinfo=dt.UTC) if pa.types.is_timestamp(kind) else "1" if kind == pa.string() else 1


def test_media_that_are_a_link_or_a_pipe_are_not_there(tmp_path):
    """A link may lead to anybody's file, a pipe never ends: neither is read."""
    run = a_picture(b"a meadow")
    ParquetSink(tmp_path).write(run)
    bare = dataclasses.replace(run, attachments={})
    path = tmp_path / run.items[0].file_path
    secret = tmp_path / "secret"
    path.rename(secret)
    for make in (lambda: path.symlink_to(secret), lambda: os.mkfifo(path), lambda: path.write_bytes(b"another")):
        make()
        assert load_media(tmp_path, bare).attachments == {}
        path.unlink()
    secret.rename(path)
    assert load_media(tmp_path, bare).attachments == run.attachments


def test_compaction_touches_no_file_that_has_no_name_of_ours(tmp_path):
    """However old it is, and wherever it lies: it is somebody's."""
    ParquetSink(tmp_path).write(a_record())
    ParquetSink(tmp_path).write(a_record())
    for path in files(tmp_path):
        path.with_name(f"{path.stem}.sync-conflict.parquet").write_bytes(path.read_bytes())
        path.with_name("notes.txt").write_text("mine")
    foreign = [path for path in tmp_path.glob("*/date=*/*") if "conflict" in path.name or path.name == "notes.txt"]
    compact(tmp_path, before=LATER, orphan_age=AT_ONCE)

    assert all(path.is_file() for path in foreign)


def test_items_of_lost_executions_are_kept_until_their_runs_are_stored_elsewhere(tmp_path):
    """Compaction cannot tell a crash from a loss; it keeps what nobody else has, and says so."""
    run = a_run_of_hops("one", "two")
    ParquetSink(tmp_path).write(run)
    [lost] = files(tmp_path, "executions")
    lost.unlink()
    report = compact(tmp_path, before=LATER, orphan_age=AT_ONCE)
    assert [str(lost) in damage.sentence for damage in report.damaged] == [True]
    assert len(rows(tmp_path, "items")) == 2 * len(run.items) // 2

    ParquetSink(tmp_path).write(run)
    assert compact(tmp_path, before=LATER, orphan_age=AT_ONCE).orphans == 1
    assert len(rows(tmp_path, "items")) == len(run.items)


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    """The lock is written to: a link would lead that into another file."""
    treasure = tmp_path / "treasure"
    treasure.write_text("gold")
    (tmp_path / ".compaction.lock").symlink_to(treasure)

    with pytest.raises((OSError, StorageError)), compaction_lock(tmp_path):
        pass
    assert treasure.read_text() == "gold"


CLOSED = """
import datetime as dt
import sys
from pathlib import Path
from children import become_nobody
from exporters import ParquetSink, read_records
from records import a_record

data = Path(sys.argv[1])
runs = [a_record(timestamp=dt.datetime(2026, 11, day, tzinfo=dt.UTC)) for day in (20, 21, 22)]
for run in runs:
    ParquetSink(data).write(run)
assert len(list(read_records(data, on_damage=print))) == 3
become_nobody(data)
first, second, third = sorted(data.glob("executions/date=*/*.parquet"))
closed = [first, second.parent]
for path in closed:
    path.chmod(0)
told = []
assert list(read_records(data, on_damage=told.append)) == [runs[2]]
assert {damage.path for damage in told} == set(closed)
"""


@pytest.mark.skipif(not others_may_read(ROOT), reason=f"nobody may not read {ROOT}")
def test_a_file_that_may_not_be_read_is_named():
    """Wrong permissions on a file or a day are damage like any other."""
    with tempfile.TemporaryDirectory() as data:
        run_python(CLOSED, data, PYTHONPATH=os.pathsep.join(sys.path))


def test_the_way_of_each_text_is_a_view(tmp_path):
    """`journeys` has what a dataset has, with whom the run belongs to."""
    ParquetSink(tmp_path).write(a_run_of_hops("one", "two", study_id="s1", batch_id="b"))
    with connect(tmp_path) as connection:
        query = "select step, content, study_id, batch_id from journeys order by step"
        assert connection.sql(query).fetchall()[0] == (1, "one", "s1", "b")


def test_a_list_shows_the_same_with_and_without_the_summary(tmp_path):
    """Small files tell their rows without being opened as Parquet; one that another tool wrote anew shows the same."""
    odd = {"config_name": {"of": ["a", "dict"]}, "user_id": "\ud800", "used_seed": 2**80, "study_id": 7}
    runs = [a_record(), a_record(**odd), a_record(total_execution_time=float("inf")), a_run_of_hops("one", "two")]
    for run in runs:
        ParquetSink(tmp_path).write(run)
    ParquetSink(tmp_path).write_all([a_record(), a_record()])
    listed = list_executions(tmp_path)

    for path in files(tmp_path, "executions"):
        assert summary_rows(path, COLUMNS)
        pq.write_table(pq.ParquetFile(path).read(), path)
        assert summary_rows(path, COLUMNS) is None
    assert list_executions(tmp_path) == listed
    assert len(listed) == len(runs) + 2


def test_a_flipped_bit_in_the_summary_is_damage(tmp_path):
    """It is covered by the seal, as everything else in the file."""
    run = a_record(config_name="stillepost")
    ParquetSink(tmp_path).write(run)
    [path] = files(tmp_path, "executions")
    content = bytearray(path.read_bytes())
    content[content.rindex(b"stillepost")] ^= 1
    path.write_bytes(content)

    with pytest.raises(BrokenFile, match="not those that were written"):
        list_executions(tmp_path)


def test_only_small_files_have_a_summary(tmp_path):
    """A file of many rows is read as Parquet, which costs little for each of them."""
    ParquetSink(tmp_path).write_all([a_record() for _ in range(MOST_ROWS + 1)])
    [path] = files(tmp_path, "executions")

    assert summary_rows(path, COLUMNS) is None
    assert len(list_executions(tmp_path)) == MOST_ROWS + 1
