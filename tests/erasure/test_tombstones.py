"""Whatever brings an erased run again is taken, counted, and not kept."""

import shutil
from dataclasses import replace

import pytest
from cli_stage import call, call_json
from erasure_stage import traces_of
from looking_again import a_moment
from receiver_stage import body_of, collecting, post, receiving, spans_of_runs
from records import a_picture, a_record
from test_cli_upkeep import run_dying

from collectors import start_recording
from exporters import DocumentSink, ParquetSink, list_executions, read_records
from exporters.era_a import DatasetStore
from exporters.erasure import erase
from exporters.formats import format_named
from exporters.formats.documents import render_document
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking.erasure import RunId


def everything(record):
    return True


def erase_all(data):
    done = erase(data, everything, reason="query")
    assert done.complete
    return done


def media_and_documents(data):
    return [path for kind in ("media", "documents") for path in (data / kind).rglob("*.*") if path.name[0] != "."]


def test_a_second_write_of_an_erased_run_keeps_nothing_of_it(tmp_path):
    """Sinks that were open all the time, and others; a later revision; its picture and its document neither."""
    record, other = a_picture(), a_record()
    sinks = [ParquetSink(tmp_path), DocumentSink(tmp_path)]
    for sink in sinks:
        sink.write(record)
    erase_all(tmp_path)

    for sink in (*sinks, ParquetSink(tmp_path), DocumentSink(tmp_path)):
        sink.write(replace(record, revision=2))
        assert sink.refused == 1
    sinks[0].write_all([record, other])

    assert list(read_records(tmp_path)) == [other]
    assert media_and_documents(tmp_path) == []
    assert sinks[0].refused == 2


def test_a_sink_says_what_is_stored_and_not_what_was(tmp_path):
    """It had the run, another process erased it: it has it no more, and says that it was erased."""
    record, sink = a_record(), ParquetSink(tmp_path)
    sink.write(record)
    assert sink.contains(record.trace_id, 1)
    erase_all(tmp_path)

    assert not sink.contains(record.trace_id, 1)
    assert sink.revision_of(record.trace_id) is None
    assert sink.stored(record.trace_id) is None
    assert sink.trace_of(record.execution_id) is None
    assert sink.is_erased(None, record.trace_id)
    assert sink.is_erased(record.execution_id, None)
    assert not sink.is_erased(None, a_record().trace_id)


def test_a_tombstone_says_nothing_of_the_run_and_only_its_owner_reads_it(tmp_path):
    """Hashes, a time and the erasure's id."""
    record = a_record(user_id="lena")
    ParquetSink(tmp_path).write(record)
    erase_all(tmp_path)

    for text in (record.execution_id, record.trace_id, "lena"):
        assert traces_of(text, tmp_path) == []
    assert (tmp_path / "erasures" / "tombstones.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_death_cut_off_takes_no_other_with_it(tmp_path):
    """What comes after it counts, and so does the run of which it was, once it is put down again."""
    tombstones, runs = Tombstones(tmp_path), [RunId(f"run {number}", f"{number:032x}") for number in range(2)]
    with tombstones.deciding():
        tombstones.add(runs[:1], "one")
    path = tmp_path / "erasures" / "tombstones.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    with tombstones.deciding():
        tombstones.add(runs, "two")

    assert all(Tombstones(tmp_path).holds(run.execution_id, run.trace_id) for run in runs)
    assert all(Tombstones(tmp_path).holds(None, run.trace_id) for run in runs)


def test_an_import_of_an_erased_run_is_counted_and_not_kept(tmp_path):
    """Also of an old document, and by the command."""
    record = a_picture()
    document = tmp_path / "old.json"
    document.write_bytes(render_document(record, format_named("json"), data_dir=tmp_path, options={}))
    data = tmp_path / "data"
    assert call("import", document, data=data).exit_code == 0
    erase_all(data)

    answer, code = call_json("import", document, data=data)
    assert (answer["files"][0]["result"], code) == ("erased", 0)
    assert "1 erased earlier and not kept" in call("import", document, data=data).stdout
    assert list_executions(data) == []


def test_a_journal_of_an_erased_run_is_let_go_of_and_makes_no_record(tmp_path, ram):
    """It was recovered, erased, and lies there once more."""
    kept = tmp_path / "journal as it was"
    data = tmp_path / "data"
    run_dying(data, ram)
    shutil.copytree(ram, kept)
    assert call("recover", "--journal", ram, data=data).exit_code == 0
    erase_all(data)
    shutil.copytree(kept, ram, dirs_exist_ok=True)

    answer, code = call_json("recover", "--journal", ram, data=data)
    assert (answer["refused"], answer["recovered"], code) == (1, [], 0)
    assert "Nothing to recover" in call("recover", "--journal", ram, data=data).stdout
    assert list_executions(data) == []


def test_a_recording_counts_what_its_sinks_refuse(tmp_path):
    """Something is logged late, after the run was erased under the sink's feet."""
    with start_recording([ParquetSink(tmp_path)], journal=False) as recording:
        with recording.tracker().execution("dada") as run:
            pass
        assert recording.flush(timeout=60)
        erase_all(tmp_path)
        run.item("user_input_text", content="late")
        assert recording.flush(timeout=60)
        assert recording.health()["sinks"][0]["refused"] == 1

    assert list_executions(tmp_path) == []


@pytest.mark.parametrize("is_open", [True, False], ids=["the same collector", "another collector"])
def test_what_comes_late_over_http_is_answered_with_200_and_not_kept(tmp_path, is_open):
    """A second delivery, a late span; nothing of it waits in the spool."""
    [spans], _ = spans_of_runs(1)
    spool = tmp_path / "collect"
    with collecting([ParquetSink(tmp_path)], spool) as collector, receiving(collector) as address:
        assert post(address, body_of(spans)).status_code == 200
        assert collector._road.flush(20)
        while not list_executions(tmp_path):
            a_moment()
        erase_all(tmp_path)
        if is_open:
            assert post(address, body_of(spans[:1])).status_code == 200
            assert collector.health()["refused"] == 1
    with collecting([ParquetSink(tmp_path)], spool) as collector, receiving(collector) as address:
        assert post(address, body_of(spans)).status_code == 200
        assert collector.health()["refused"] == len(spans)

    assert list_executions(tmp_path) == []
    assert traces_of("text 0.1", tmp_path) == []


def test_what_was_in_the_spool_when_its_run_was_erased_is_let_go_of_at_the_next_start(tmp_path):
    """The run had not ended: its spans waited."""
    [spans], _ = spans_of_runs(1)
    spool = tmp_path / "collect"
    with collecting([ParquetSink(tmp_path)], spool) as collector, receiving(collector) as address:
        assert post(address, body_of(spans[:1])).status_code == 200
    assert traces_of("text 0.1", spool)
    tombstones = Tombstones(tmp_path)
    with tombstones.deciding():
        tombstones.add([RunId("", f"{spans[0].context.trace_id:032x}")], "one")

    with collecting([ParquetSink(tmp_path)], spool) as collector:
        while traces_of("text 0.1", spool):
            a_moment()
        assert collector.health()["open_runs"] == 0


def test_what_era_a_saves_again_is_not_kept(tmp_path):
    """`delete` erases for good, and says whether there was anything."""
    record, store = a_record(), DatasetStore(tmp_path)
    store.save(record)
    assert store.delete(record.execution_id)
    assert not store.delete(record.execution_id)
    store.save(record)

    assert store.load(record.execution_id) is None


def test_a_document_brings_no_erased_run_back(tmp_path):
    """`verify --repair` stores again what documents have; of a run that was erased it does not."""
    record = a_record()
    sinks = [ParquetSink(tmp_path), DocumentSink(tmp_path)]
    for sink in sinks:
        sink.write(record)
    kept = tmp_path.with_name("documents of a backup")
    shutil.copytree(tmp_path / "documents", kept)
    [items] = (tmp_path / "items").rglob("*.parquet")
    copy = kept / items.name
    shutil.copy(items, copy)
    erase_all(tmp_path)
    shutil.copytree(kept, tmp_path / "documents", dirs_exist_ok=True)
    shutil.copy(copy, items)
    items.write_bytes(items.read_bytes()[:-9])

    answer, _ = call_json("verify", "--all", "--repair", data=tmp_path)
    assert answer["repair"]["restored"] == []
    assert list_executions(tmp_path) == []
