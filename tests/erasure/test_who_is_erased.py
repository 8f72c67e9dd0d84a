"""Whoever is meant is erased, whatever the records hold; nobody else loses anything."""

import dataclasses
import datetime as dt
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import LATER, NOON, a_picture, a_record, a_run_of_hops, an_item, records, text_of

from exporters import DocumentSink, ParquetSink, compact, read_records
from exporters.erasure import erase, find
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking.erasure import RunId


def stored(data):
    return sorted(map(text_of, read_records(data)))


def runs_of(chosen):
    return {RunId(record.execution_id, record.trace_id) for record in chosen}


@settings(max_examples=25)
@given(st.lists(st.tuples(records, st.booleans()), max_size=6), st.booleans())
def test_any_runs_out_of_any_store(drawn, is_compacted):
    """Odd values in every field, runs without a trace, revisions; each is there as it was, or gone."""
    unique = {RunId(record.execution_id, record.trace_id): (record, is_meant) for record, is_meant in drawn}
    theirs = runs_of(record for record, is_meant in unique.values() if is_meant)
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        ParquetSink(data).write_all([record for record, _ in unique.values()])
        before = list(read_records(data))
        kept = [text_of(one) for one in before if RunId(one.execution_id, one.trace_id) not in theirs]
        if is_compacted:
            compact(data, before=LATER)
        done = erase(data, lambda one: RunId(one.execution_id, one.trace_id) in theirs, reason="execution")

        assert done.runs == theirs
        assert done.complete
        assert stored(data) == sorted(kept)
        tombstones = Tombstones(data)
        assert all(tombstones.holds(run.execution_id, run.trace_id) for run in theirs)


def test_one_of_two_runs_that_share_their_id(tmp_path):
    """Rows, documents and pictures of the other stay, where each has its own."""
    twins = [
        a_run_of_hops("one", f"two {place}", trace_id=f"{'0e3a0561'}{place:024x}", timestamp=NOON) for place in (1, 2)
    ]
    sinks = [ParquetSink(tmp_path), DocumentSink(tmp_path)]
    for sink in sinks:
        for record in twins:
            sink.write(record)
    done = erase(tmp_path, lambda one: one.trace_id == twins[0].trace_id, reason="execution")

    assert done.complete
    assert list(read_records(tmp_path)) == [twins[1]]
    [document] = (tmp_path / "documents").rglob("*.json")
    assert twins[1].trace_id in document.read_text()


def test_a_picture_that_another_runs_item_names_stays_and_is_said(tmp_path):
    """A run that goes on from hers shows her picture: it is his, too."""
    hers = a_picture(user_id="lena")
    item = dataclasses.replace(hers.items[0], sequence_number=1)
    his = a_record(items=[item], user_id="tom")
    ParquetSink(tmp_path).write_all([hers, his])
    done = erase(tmp_path, lambda one: one.user_id == "lena", reason="person")

    assert (tmp_path / hers.items[0].file_path).is_file()
    assert any("erase that run too" in one.advice for one in done.beyond)
    assert done.complete


def test_a_picture_of_hers_that_lies_elsewhere_goes(tmp_path):
    """An import may name any place below media/; what leads out of it is left alone."""
    outside = tmp_path / "outside.png"
    outside.write_bytes(b"x")
    (tmp_path / "media" / "old").mkdir(parents=True)
    (tmp_path / "media" / "old" / "1.png").write_bytes(b"x")
    (tmp_path / "media" / "old" / "link.png").symlink_to(outside)
    names = ["media/old/1.png", "media/old/link.png", "media/../outside.png"]
    ParquetSink(tmp_path).write(a_record(user_id="lena", items=[an_item(file_path=name) for name in names]))
    erase(tmp_path, lambda one: one.user_id == "lena", reason="person")

    assert not (tmp_path / "media" / "old" / "1.png").exists()
    assert outside.read_bytes() == b"x"


def test_a_later_write_of_the_same_revision_still_counts(tmp_path):
    """Written anew, the earlier of two writes of his must not come after the later."""
    his = a_record(user_id="tom", trace_id="a" * 32)
    sink = ParquetSink(tmp_path)
    sink.write_all([a_record(user_id="lena"), his])
    again = dataclasses.replace(his, config_name="later")
    sink.write(again)
    erase(tmp_path, lambda one: one.user_id == "lena", reason="person")

    assert list(read_records(tmp_path)) == [again]


def test_a_run_whose_later_revision_is_of_somebody_else_is_hers_as_a_whole(tmp_path):
    """Every revision is looked at; all of the run goes."""
    first = a_record(user_id="lena")
    sink = ParquetSink(tmp_path)
    sink.write(first)
    sink.write(dataclasses.replace(first, revision=2, user_id="tom"))
    erase(tmp_path, lambda one: one.user_id == "lena", reason="person")

    assert list(read_records(tmp_path)) == []


@pytest.mark.parametrize("table", ["executions", "items"])
def test_a_damaged_file_of_many_is_named_with_what_to_do(tmp_path, table):
    """Nobody can tell what it holds; the others' rows in other files are not touched."""
    ParquetSink(tmp_path).write_all([a_record(user_id="lena"), a_record(user_id="tom")])
    other = a_record(user_id="lena", timestamp=NOON + dt.timedelta(minutes=5))
    ParquetSink(tmp_path).write(other)
    path = next(path for path in (tmp_path / table).rglob("batch-*"))
    content = bytearray(path.read_bytes())
    content[100:160] = b"\0" * 60
    path.write_bytes(content)
    done = erase(tmp_path, lambda one: one.user_id == "lena", reason="person")

    [named] = [one for one in done.beyond if one.place == "tables"]
    assert named.what == str(path)
    assert "copy from a backup" in named.advice


def test_rows_of_a_file_that_the_reader_knows_are_never_changed_in_place(tmp_path):
    """Whoever has a file open, or remembers its rows by its name, sees it go."""
    ParquetSink(tmp_path).write_all([a_record(user_id="lena"), a_record(user_id="tom")])
    [before] = (tmp_path / "executions").rglob("*.parquet")
    opened = pq.ParquetFile(before)
    erase(tmp_path, lambda one: one.user_id == "lena", reason="person")

    [after] = (tmp_path / "executions").rglob("*.parquet")
    assert after.name != before.name
    assert opened.read().num_rows == 2


def test_a_store_that_was_copied_back_from_a_backup_is_erased_once_more(tmp_path):
    """The rows are there again, past every sink; they are found and erased again."""
    data, backup = tmp_path / "data", tmp_path / "backup"
    ParquetSink(data).write_all([a_record(user_id="lena"), a_record(user_id="tom")])
    shutil.copytree(data, backup)
    erase(data, lambda one: one.user_id == "lena", reason="person")
    shutil.copytree(backup, data, dirs_exist_ok=True)
    assert len(find(data, lambda one: one.user_id == "lena").runs) == 1

    assert erase(data, lambda one: one.user_id == "lena", reason="person").complete
    assert [record.user_id for record in read_records(data)] == ["tom"]
