"""The list of era A reads heads once: what it shows is what is stored, and a run that came or went is seen at once."""

import pickle

import pytest

from exporters import read_records
from otel_tracking import migration
from otel_tracking.migration.records import ExecutionRecord


@pytest.fixture
def runs(server):
    """Three stored runs, latest first."""
    for schema in ("stillepost", "bauhaus", "stillepost"):
        server.ask(schema)
    return server.records()


def listed():
    return [migration.load_execution_record(execution_id) for execution_id in migration.list_execution_records(1_000)]


def test_a_listed_record_is_the_stored_one_whatever_is_asked_first(runs):
    """Its head, its items, its dict, whether two are equal: it is like any other."""
    assert listed() == [migration.load_execution_record(run.execution_id) for run in runs]
    assert [record.to_dict() for record in listed()] == [ExecutionRecord.from_dict(r.to_dict()).to_dict() for r in runs]
    assert [len(record.items) for record in listed()] == [len(run.items) for run in runs]
    assert [repr(record.spans) for record in listed()] == [repr(run.spans) for run in runs]
    assert pickle.loads(pickle.dumps(listed()[0])) == listed()[0]
    with pytest.raises(AttributeError, match="has no attribute 'itmes'"):
        listed()[0].itmes  # noqa: B018


def test_a_filter_reads_heads_only(server, runs):
    """Configurations are told apart where no item can be read; whoever asks for those has none, and no error."""
    for path in server.data_dir.glob("items/*/*.parquet"):
        path.unlink()
    records = listed()
    assert [record.config_name for record in records] == [run.config_name for run in runs]
    assert [record.timestamp for record in records] == [run.timestamp for run in runs]
    assert [record.items for record in records] == [(), (), ()]


def test_what_came_is_there_in_the_next_list_and_what_went_is_not(server, runs):
    """However soon the next list is asked for: a directory's time is believed only once it is old enough."""
    for _ in range(5):
        server.ask("bauhaus")
        assert [r.execution_id for r in listed()] == [r.execution_id for r in read_records(server.data_dir)]
        gone = listed()[0].execution_id
        assert migration.delete_execution_record(gone)
        assert gone not in [record.execution_id for record in listed()]
        assert migration.load_execution_record(gone) is None
    assert len(listed()) == 3


def test_a_later_revision_is_the_one_that_is_loaded(server):
    """What was logged after the end belongs to the run that was listed before."""
    tracker = migration.ExecutionTracker("dada", "eco", "kids")
    tracker.finalize()
    [before] = listed()
    tracker.log_user_input_text("zu spät")
    server.records()

    assert [item.content for item in listed()[0].items if item.content] == ["zu spät"]
    assert migration.load_execution_record(before.execution_id).revision > before.revision


def test_the_dict_of_a_record_is_the_callers_own(runs):
    """Changing it changes no later answer."""
    name = runs[0].execution_id
    migration.load_execution_record(name).to_dict()["items"].clear()
    assert len(migration.load_execution_record(name).to_dict()["items"]) == len(runs[0].items)
