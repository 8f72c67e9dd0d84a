"""An erasure reaches the tables, their history and their media; what a stream brings again stays away."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from broker_stage import TOPIC, Broker, drain, rng_of, runs_of, send_all, worker
from cli_stage import call
from records import a_picture, a_run_of_hops

from exporters.delta.erasing import TableRows
from exporters.delta.ledger import AsideRow, DeltaLedger
from exporters.delta.reading import known_runs
from exporters.delta.removal import RowsOfRuns
from exporters.delta.stored_media import StoredMedia
from exporters.delta.tables import DeltaStore
from exporters.delta.upkeep import keep_up
from otel_tracking.erasure import RunId

NAME = "Xqvendolin"
PICTURE, SHARED = b"\x89PNG only hers", b"\x89PNG of both"


def of(record):
    return RunId(record.execution_id, record.trace_id)


def ledger_at(place):
    ledger = DeltaLedger(DeltaStore(str(place)), TOPIC)
    ledger.open([0])
    return ledger


def bytes_below(place):
    return b"".join(path.read_bytes() for path in sorted(Path(place).rglob("*")) if path.is_file())


def unpacked_below(place):
    """All values of all files that are there, whether a table has them or not, and all of the logs."""
    import pyarrow.parquet as pq

    found = [repr(pq.read_table(path).to_pylist()) for path in sorted(Path(place).rglob("*.parquet"))]
    logs = [path.read_text("utf-8", "replace") for path in sorted(Path(place).rglob("*.json"))]
    return "".join(found + logs)


@pytest.fixture
def theirs(both):
    """Runs of a person, with pictures, a message that was set aside, a run that did not end; and one of another."""
    hers = a_run_of_hops(f"Ich bin {NAME}", "I am", user_id=NAME)
    found = [
        hers,
        replace(hers, revision=2, late_spans=1),
        a_picture(PICTURE, user_id=NAME),
        a_picture(SHARED, user_id=NAME),
        a_picture(SHARED, user_id="ben"),
    ]
    both.store(*found)
    both.bring_media(*found)
    ledger = ledger_at(both.tables)
    ledger.spill([a_run_of_hops(f"{NAME} begins", "but", user_id=NAME)])
    aside = AsideRow(0, 9, hers.trace_id, "odd", f"{NAME}".encode())
    assert not ledger.commit([], {0: 10}, [aside])
    return found


def erased(both, *more):
    done = call("erase", "--user", NAME, "--yes", "--json", *more, data=f"file://{both.tables}")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_nothing_of_a_person_is_left_in_the_tables_nor_in_their_history(both, theirs):
    assert NAME in unpacked_below(both.tables)
    report = erased(both, "--media-store", both.media)
    assert report["runs"] == 4
    assert report["left"] == []
    assert NAME not in unpacked_below(both.tables)
    listed = json.loads(call("list", "--json", data=f"file://{both.tables}").stdout)["executions"]
    assert [row["user_id"] for row in listed] == ["ben"]


def test_media_go_but_for_those_that_another_run_has(both, theirs):
    report = erased(both, "--media-store", both.media)
    left = bytes_below(both.media)
    assert PICTURE not in left
    assert SHARED in left
    assert any("erase that run" in one["advice"] for one in report["beyond"])


def test_without_the_store_of_media_it_is_said_that_they_are_there(both, theirs):
    report = erased(both)
    assert any("--media-store" in one["advice"] for one in report["beyond"])
    assert PICTURE in bytes_below(both.media)


def test_the_log_names_no_person_and_no_run(both, theirs):
    """Rows are named by the numbers of their writes, and least and greatest values are those of numbers and times."""
    erased(both, "--media-store", both.media)
    logs = "".join(path.read_text("utf-8", "replace") for path in both.tables.rglob("_delta_log/*"))
    assert NAME not in logs
    assert not any(record.trace_id in logs or record.execution_id in logs for record in theirs[:3])


def test_what_the_stream_brings_again_stays_away(tmp_path):
    """The same messages, read by another worker from the beginning, with late spans among them."""
    broker, runs = Broker(1), runs_of(4)
    send_all(broker, runs, rng_of(1))
    first = worker(broker, tmp_path)
    broker.share_out()
    drain(broker, [first])
    store = DeltaStore(str(tmp_path))
    gone = [RunId("", trace) for trace in sorted(known_runs(store.open("executions"), None))[:2]]
    place = TableRows(store, "0e3a05610e3a0561")
    list(place.erase(frozenset(gone), lambda step: None))

    again = Broker(1)
    send_all(again, runs, rng_of(2))
    ledger = DeltaLedger(DeltaStore(str(tmp_path)), "another_topic")
    second = worker(again, tmp_path, ledger=ledger)
    again.share_out()
    drain(again, [second])
    assert not {run.trace_id for run in gone} & set(known_runs(store.open("executions"), None))
    assert list(place.left(frozenset(gone))) == []


@pytest.mark.parametrize("dies_at", ["tombstones", "media", "rows", "messages", "history"])
def test_a_death_in_between_is_finished_by_the_next_one(both, theirs, dies_at):
    """From anywhere: what is there says what is to be done."""
    meant = frozenset({of(record) for record in theirs[:4]})
    place = TableRows(DeltaStore(str(both.tables)), "0e3a05610e3a0561", StoredMedia(str(both.media)))

    def die(step):
        if dies_at in step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(place.erase(meant, die))
    list(place.erase(meant, lambda step: None))
    assert list(place.left(meant)) == []
    assert PICTURE not in bytes_below(both.media)


def test_a_worker_that_commits_while_it_is_erased_removes_it_itself(tmp_path):
    """Whoever erased looked before the commit was there."""
    record, erasing = a_run_of_hops(NAME, "made"), DeltaStore(str(tmp_path))

    class Racing(DeltaStore):
        def append(self, table, rows, commit=None):
            if table.table_uri.rstrip("/").endswith("/executions") and len(rows):
                list(TableRows(erasing, "0e3a05610e3a0561").erase(frozenset({of(record)}), lambda step: None))
            super().append(table, rows, commit)

    ledger = DeltaLedger(Racing(str(tmp_path)), TOPIC)
    ledger.open([0])
    assert not ledger.commit([ledger.prepare(record)], {0: 1}, [])
    assert known_runs(erasing.open("executions"), None) == {}
    assert ledger.refused
    assert NAME not in unpacked_below(tmp_path)


def test_a_worker_at_work_goes_on_after_an_erasure(both):
    """It has the tables open as they were before rows were removed from them."""
    ledger = ledger_at(both.tables)
    gone, stays = a_run_of_hops("Weg", "Gone"), a_run_of_hops("Da", "There")
    for offset, record in enumerate((gone, stays), start=1):
        assert not ledger.commit([ledger.prepare(record)], {0: offset}, [])
    list(TableRows(DeltaStore(str(both.tables)), "0e3a05610e3a0561").erase(frozenset({of(gone)}), lambda step: None))
    keep_up(DeltaStore(str(both.tables)), kept_hours=0)
    assert not ledger.commit([ledger.prepare(a_run_of_hops("Neu", "New"))], {0: 3}, [])
    assert len(known_runs(DeltaStore(str(both.tables)).open("executions"), None)) == 2


def test_what_is_spilled_while_it_is_erased_is_removed_too(tmp_path):
    record, erasing = a_run_of_hops(NAME, "has not ended"), DeltaStore(str(tmp_path))

    class Racing(DeltaStore):
        def below(self, folder):
            return Racing(f"{self.uri}/{folder}")

        def append(self, table, rows, commit=None):
            if table.table_uri.rstrip("/").endswith("spill/executions"):
                list(TableRows(erasing, "0e3a05610e3a0561").erase(frozenset({of(record)}), lambda step: None))
            super().append(table, rows, commit)

    ledger = DeltaLedger(Racing(str(tmp_path)), TOPIC)
    ledger.open([0])
    ledger.spill([record])
    assert known_runs(erasing.below("spill").open("executions"), None) == {}
    assert NAME not in unpacked_below(tmp_path)


def test_upkeep_joins_files_and_removes_what_became_no_run(both):
    from exporters.delta.run_tables import RunTables
    from exporters.storage.tables.rows import row_of
    from otel_tracking.columns import columns_of

    found = [a_run_of_hops(f"Blume {number}", "flower") for number in range(5)]
    both.store(*found)
    store = DeltaStore(str(both.tables))
    RunTables(store).write_parts([row_of(columns_of(a_run_of_hops("Halb", "Half")), both.tables)])
    done = {one.table.rpartition("/")[2]: one for one in keep_up(store, kept_hours=0)}
    assert done["executions"].files_before == 5
    assert done["executions"].files_after == 1
    assert done["items"].orphans == 1
    assert "Halb" not in unpacked_below(both.tables)
    for record in found:
        local, table = both.call("show", record.execution_id, "--json")
        assert table.stdout == local.stdout


def test_workers_write_while_files_are_joined(both):
    """The position that they had committed stands, and nobody takes upkeep for another worker."""
    ledger = ledger_at(both.tables)
    for number in range(1, 7):
        record = a_run_of_hops(f"Blume {number}", "flower")
        assert not ledger.commit([ledger.prepare(record)], {0: number}, [])
        keep_up(DeltaStore(str(both.tables)), kept_hours=0)
    assert len(known_runs(DeltaStore(str(both.tables)).open("executions"), None)) == 6
    assert ledger_at(both.tables).open([0]) == {0: 6}


def test_compact_on_the_command_line(both):
    both.store(a_run_of_hops("Eine", "A"), a_run_of_hops("Zwei", "Two"))
    done = call("compact", "--json", data=f"file://{both.tables}")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["tables"][0]["files_after"] == 0 or len(json.loads(done.stdout)["tables"]) == 3


def test_rows_of_nobody_are_none(both, theirs):
    assert RowsOfRuns(DeltaStore(str(both.tables)), [RunId("exec_20200101_000000_00000000", "0" * 32)]).remove() == 0
