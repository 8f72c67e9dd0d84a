"""While a server runs, a past day of many files becomes one of few; nobody waits for it."""

from __future__ import annotations

import datetime as dt
import os
import threading

import pytest
from builders import a_record
from click.testing import CliRunner

from devserver.cli.commands.ask_command import command as ask_command
from devserver.past_days import DayKeeper, joining_past_days
from exporters import ParquetSink, connect, read_records
from exporters.storage.layout import day_directory
from exporters.storage.reading.crowded_days import MANY, SLOW, told_of_crowds
from exporters.storage.reading.sql import ManySmallFiles
from exporters.storage.writing.locks import compaction_lock

LONG_AGO = dt.datetime(2025, 1, 7, 12, tzinfo=dt.UTC)


def write(data_dir, runs):
    """A past day of so many runs, a file each."""
    sink = ParquetSink(data_dir)
    for number in range(runs):
        ids = {"execution_id": f"exec_20250107_120000_{number:08x}", "trace_id": f"{number:08x}{1:024x}"}
        sink.write(a_record(**ids, timestamp=LONG_AGO))


def files(data_dir):
    return sorted(day_directory(data_dir, "executions", LONG_AGO.date()).glob("*.parquet"))


def test_a_day_of_many_files_is_joined_once(tmp_path):
    write(tmp_path, MANY)
    before = list(read_records(tmp_path))
    keeper = DayKeeper(tmp_path)

    assert keeper.look()
    assert len(files(tmp_path)) == 1
    assert list(read_records(tmp_path)) == before
    assert not keeper.look()


def test_what_lies_where_the_server_was_started_is_not_taken_for_the_program(tmp_path, monkeypatch):
    """The folder may be anybody's."""
    for name in ("devserver", "exporters", "os"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(1)")
    write(tmp_path / "data", MANY)
    monkeypatch.chdir(tmp_path)

    assert DayKeeper(tmp_path / "data").look()
    assert len(files(tmp_path / "data")) == 1


def test_a_day_of_few_files_is_left_alone(tmp_path):
    """To write runs again costs whoever has them in an index."""
    write(tmp_path, MANY - 1)

    assert not DayKeeper(tmp_path).look()
    assert len(files(tmp_path)) == MANY - 1


def test_what_is_damaged_is_not_tried_again_and_again(tmp_path):
    write(tmp_path, MANY)
    for path in files(tmp_path):
        path.write_bytes(b"spoiled")
    keeper = DayKeeper(tmp_path)

    assert keeper.look()
    assert not keeper.look()
    assert len(files(tmp_path)) == MANY


def test_somebody_else_who_compacts_or_erases_is_not_disturbed(tmp_path):
    """It is left to the next look."""
    write(tmp_path, MANY)
    keeper = DayKeeper(tmp_path)
    with compaction_lock(tmp_path):
        assert keeper.look()
    assert len(files(tmp_path)) == MANY

    assert keeper.look()
    assert len(files(tmp_path)) == 1


def test_a_server_that_ends_does_not_wait_for_it(tmp_path):
    """However far it is, the records are the same."""
    write(tmp_path, MANY)
    before = list(read_records(tmp_path))
    keeper = DayKeeper(tmp_path)
    looking = threading.Thread(target=keeper.look)
    looking.start()
    keeper.close()
    looking.join()

    assert list(read_records(tmp_path)) == before


def test_a_server_that_ends_at_once_has_not_begun(tmp_path):
    write(tmp_path, MANY)
    with joining_past_days(tmp_path):
        pass

    assert len(files(tmp_path)) == MANY


@pytest.fixture
def slow_store(tmp_path):
    """A past day of so many files that questions take seconds."""
    write(tmp_path, 1)
    (path,) = files(tmp_path)
    for number in range(SLOW):
        os.link(path, path.with_name(f"run-{number:016x}-00000000.parquet"))
    return tmp_path


def test_whoever_connects_to_very_many_files_is_told_what_helps(slow_store):
    with pytest.warns(ManySmallFiles, match="1,001 small files .* otel-tracking compact"), connect(slow_store) as asked:
        assert asked.sql("select count(distinct trace_id) from executions").fetchall() == [(1,)]


def test_ask_says_it_before_it_answers(slow_store):
    told = CliRunner().invoke(ask_command, ["select 1 as one", "--data", str(slow_store)])

    assert "small files" in told.stderr
    assert "otel-tracking compact" in told.stderr


def test_nothing_is_said_of_a_day_that_is_compact(tmp_path):
    write(tmp_path, 3)

    assert told_of_crowds(tmp_path) is None
