"""Records are found by what is known of them, latest first, each once."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from records import LATER, NOON, a_record, a_run_of_hops, an_item

from exporters import ParquetSink, compact, find_execution, list_executions, read_records
from exporters.errors import AmbiguousExecution, BrokenFile, UnknownExecution
from exporters.storage.files import remove
from otel_tracking import Status

DAY = dt.timedelta(days=1)


@pytest.fixture
def sink(tmp_path):
    return ParquetSink(tmp_path)


def test_nothing_stored_is_an_empty_iterator(tmp_path):
    """A directory without records, or none at all, has no records and no trouble."""
    assert list(read_records(tmp_path / "nowhere")) == []
    assert list_executions(tmp_path, execution_id="exec_20261123_120000_00000000") == []


def test_the_latest_run_comes_first(sink, tmp_path):
    """Across days and files, records come in falling order of their timestamps, and limit stops early."""
    runs = [a_record(timestamp=NOON + hours * dt.timedelta(hours=1)) for hours in (5, -30, 0, 40, 1)]
    sink.write_all(runs[:3])
    for run in runs[3:]:
        sink.write(run)

    expected = sorted(runs, key=lambda run: run.timestamp, reverse=True)
    assert list(read_records(tmp_path)) == expected
    assert list(read_records(tmp_path, limit=2)) == expected[:2]
    assert [row.execution_id for row in list_executions(tmp_path)] == [run.execution_id for run in expected]


@pytest.mark.parametrize("compacted", [False, True])
def test_a_run_is_found_by_what_is_known_of_it(sink, tmp_path, compacted):
    """Every keyword selects, and all of them together."""
    wanted = a_record(config_name="dada", user_id="u1", status=Status.BLOCKED, study_id="s", timestamp=NOON - 3 * DAY)
    for run in (wanted, a_record(), a_record(config_name="dada")):
        sink.write(run)
    if compacted:
        compact(tmp_path, before=LATER)

    known = [
        *({name: getattr(wanted, name)} for name in ("execution_id", "trace_id", "user_id", "study_id", "status")),
        *({"date": "2026-11-20"}, {"date": dt.date(2026, 11, 20)}, {"until": NOON - DAY}),
        {"since": "2026-11-19T00:00:00", "until": NOON, "config_name": "dada"},
    ]
    for keywords in known:
        assert list(read_records(tmp_path, **keywords)) == [wanted], keywords


def test_until_is_not_included_and_since_is(sink, tmp_path):
    """Spans of time that touch share no run."""
    run = a_record()
    sink.write(run)

    assert list(read_records(tmp_path, since=run.timestamp)) == [run]
    assert list(read_records(tmp_path, until=run.timestamp)) == []


def test_a_selection_judges_the_latest_revision(sink, tmp_path):
    """A run that was interrupted at first and completed later is not found among the interrupted."""
    first = a_record(status=Status.INTERRUPTED)
    second = dataclasses.replace(first, revision=2, status=Status.COMPLETED)
    sink.write_all([second, first])
    sink.write(first)

    assert list(read_records(tmp_path)) == [second]
    assert list(read_records(tmp_path, status="interrupted")) == []


def test_a_later_revision_counts_also_when_it_is_stored_on_another_day(sink, tmp_path):
    """A run whose start became known later may move over midnight; its first revision is gone all the same."""
    midnight = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    first = a_record(timestamp=midnight + dt.timedelta(seconds=1))
    second = dataclasses.replace(first, revision=2, timestamp=midnight - dt.timedelta(seconds=9))
    second = dataclasses.replace(second, execution_id=f"exec_20261123_235951_{first.trace_id[:8]}")
    sink.write(second)
    sink.write(first)

    assert list(read_records(tmp_path)) == [second]
    assert list(read_records(tmp_path, execution_id=first.execution_id)) == []
    assert compact(tmp_path, before=LATER).superseded == 1
    assert list(read_records(tmp_path)) == [second]


def test_a_run_written_twice_is_read_once(sink, tmp_path):
    """A recovery that was killed between writing and forgetting writes again; nobody sees it."""
    run = a_run_of_hops("one", "two", "three")
    for _ in range(3):
        sink.write(run)
    sink.write_all([run, run])

    assert list(read_records(tmp_path)) == [run]


def test_runs_without_a_trace_are_told_apart_by_their_id(sink, tmp_path):
    """Imported records have no trace id; each is a run of its own, and found under whatever id it has."""
    runs = [a_record(trace_id=None, execution_id=name) for name in ("exec_old", "exec_20200101_120000_zz", "ä/../b")]
    for run in runs:
        sink.write(run)

    assert {record.execution_id for record in read_records(tmp_path)} == {run.execution_id for run in runs}
    for run in runs:
        assert list(read_records(tmp_path, execution_id=run.execution_id)) == [run]


def test_the_sink_knows_what_is_stored_also_by_others(sink, tmp_path):
    """contains says yes for the stored revision and all before it, also after compaction, and no for later ones."""
    run = a_record(revision=2)
    assert not sink.contains(run.trace_id, 2)

    ParquetSink(tmp_path).write(run)
    for _ in range(2):
        assert sink.contains(run.trace_id, 1)
        assert sink.contains(run.trace_id, 2)
        assert not sink.contains(run.trace_id, 3)
        compact(tmp_path, before=LATER)
        sink = ParquetSink(tmp_path)


def test_an_execution_is_found_by_any_of_its_names(sink, tmp_path):
    """The id, its beginning, its last eight digits and the trace id all lead to the execution_id."""
    run, other = a_record(), a_record(timestamp=NOON - 9 * DAY)
    sink.write_all([run, other])

    for name in (run.execution_id, run.execution_id[:14], run.execution_id[-8:], run.trace_id):
        assert find_execution(tmp_path, name) == run.execution_id


def test_a_name_that_fits_several_runs_or_none_is_answered_with_help(sink, tmp_path):
    """The error says which executions come near."""
    runs = [a_record(), a_record()]
    sink.write_all(runs)

    with pytest.raises(AmbiguousExecution, match=runs[0].execution_id):
        find_execution(tmp_path, runs[0].execution_id[:13])
    with pytest.raises(UnknownExecution, match=f"Did you mean .*{runs[1].execution_id}"):
        find_execution(tmp_path, runs[1].execution_id[:-1] + "x")
    with pytest.raises(UnknownExecution, match="8 characters"):
        find_execution(tmp_path, "exec")


def test_reading_goes_on_while_files_are_compacted_away(sink, tmp_path):
    """A reader in the middle of a day finds every run once, although its files are replaced under it."""
    runs = [a_record(items=[an_item()] * 3) for _ in range(20)]
    for run in runs:
        sink.write(run)

    reading = read_records(tmp_path)
    seen = [next(reading)]
    compact(tmp_path, before=LATER)
    seen += reading

    assert seen == runs[::-1]


def test_missing_items_are_trouble_not_an_empty_run(sink, tmp_path):
    """A run whose items file was deleted is reported; it does not look like a run without items."""
    sink.write(a_record())
    remove(tmp_path.glob("items/date=*/*.parquet"))

    with pytest.raises(BrokenFile, match="backup"):
        list(read_records(tmp_path))


def test_a_damaged_file_is_named(sink, tmp_path):
    """Flipped bytes are noticed by the page checksum or the parser, and the error names the file."""
    sink.write(a_record())
    [path] = tmp_path.glob("executions/date=*/*.parquet")
    path.write_bytes(path.read_bytes()[:-50])

    with pytest.raises(BrokenFile, match=path.name):
        list(read_records(tmp_path))


def test_an_older_file_without_a_column_is_read(sink, tmp_path):
    """A column that did not exist yet leaves its field at the default, also after compaction with newer files."""
    import pyarrow.parquet as pq

    runs = [a_record(), a_record()]
    for run in runs:
        sink.write(run)
    for table, column in (("executions", "study_id"), ("items", "input_text")):
        path = min(tmp_path.glob(f"{table}/date=*/*.parquet"))
        pq.write_table(pq.ParquetFile(path).read().drop_columns([column]), path)

    assert list(read_records(tmp_path)) == runs[::-1]
    compact(tmp_path, before=LATER)
    assert list(read_records(tmp_path)) == runs[::-1]
