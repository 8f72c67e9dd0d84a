"""A run of very many items: made and written in pieces, beside the others, and the same record."""

import random
import threading

import odd_values
import pytest
from builders import Bang, items_of, log_everywhere

from collectors import start_recording
from collectors.building import pieces
from collectors.building.pieces import pieces_of_recorded
from collectors.building.record import columns_of_recorded
from collectors.flight_recorder import FlightRecorder
from collectors.recording import assembly
from collectors.recording.open_runs import OpenRuns
from collectors.recording.provider import RecordingTracerProvider, make_resource
from collectors.testing import RememberingSink
from exporters import ParquetSink, read_records
from exporters.errors import WriteFailed
from exporters.storage.writing import large_record
from exporters.storage.writing.media import load_media
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking import ExecutionTracker, FinishReason, ItemType, canonical
from otel_tracking.erasure import RunId
from otel_tracking.errors import Troubles

SECONDS = 60
ENDING = {"finish_reason": FinishReason.ROOT_ENDED, "revision": 2, "late_spans": 3}
VALUES = odd_values.KEPT | odd_values.ENUMS


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 7)
    monkeypatch.setattr(large_record, "ROWS_TOGETHER", 20)
    monkeypatch.setattr(assembly, "LARGE", 40)


def spans_of(pipeline):
    """The spans of a run as they were recorded."""
    over, troubles = [], Troubles()
    runs = OpenRuns(FlightRecorder(enabled=False), lambda run, reason: over.append(run), troubles)
    provider = RecordingTracerProvider(runs, make_resource(None, None), troubles)
    with ExecutionTracker(provider, emit=runs.record, troubles=troubles).execution("large") as run:
        pipeline(run)
    runs.take_all()
    return [span for one in over for span in one.spans()]


def text_of(record):
    """All of a record, also what is not equal to itself."""
    return canonical.dumps(record.to_dict()), record.attachments


def assert_the_same_in_pieces(pipeline):
    spans = spans_of(pipeline)
    whole = columns_of_recorded(spans, **ENDING).record()
    large = pieces_of_recorded(spans, **ENDING)
    places = [(item.item_type, item.stage, item.stage_iteration, item.loop_iteration) for item in whole.items]
    assert canonical.dumps(list(large.places)) == canonical.dumps(places)
    for _ in range(2):
        assert text_of(large.record.columns().record()) == text_of(whole)
    assert large.record.item_count == len(whole.items)
    return whole


def many(run, count=50):
    """Items in the run, in stages below it and in hops below those, so that spans know them in another order."""
    with run.stage(2) as stage:
        for number in range(1, count + 1):
            run.item("user_input_text", content=f"in the run {number}")
            with stage.iteration(number) as iteration:
                iteration.item("interception_iteration", content=f"hop {number}", metadata={"n": number})
                iteration.item(ItemType.OUTPUT_IMAGE, media=bytes([number % 3]) * 9, media_format="image/png")
            stage.fact(f"fact {number}", (number,))


def test_items_of_spans_within_spans_come_in_the_order_of_their_numbers():
    record = assert_the_same_in_pieces(many)
    assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))


def test_items_of_many_threads_and_of_spans_that_are_late_are_where_they_are_in_any_run():
    def pipeline(run):
        late = run.stage(1)
        stages = [run.stage(2) for _ in range(4)]

        def work(stage, seed):
            draw = random.Random(seed)
            for number in range(30):
                stage.item(draw.choice(list(ItemType)), content=f"{seed} {number}")

        threads = [threading.Thread(target=work, args=(stage, seed)) for seed, stage in enumerate(stages)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        run.end()
        late.item("interception_final", content="after the end")
        late.end()
        run.item("user_input_text", content="on a span that is over")

    assert len(assert_the_same_in_pieces(pipeline).items) > 120


@pytest.mark.parametrize("places", [(), (3,), (3, 30, 45)])
def test_what_the_head_says_of_some_items_is_that_of_the_same_ones(places):
    """The seed is the first output's that says one, the error the last one, wherever they lie."""

    def pipeline(run):
        with run.output(1) as output, output.stage(4) as stage:
            for number in range(60):
                stage.item(ItemType.OUTPUT_IMAGE, content=number, metadata={"seed": number} if number in places else {})
                if number in places:
                    stage.item(ItemType.PIPELINE_ERROR, content=f"error {number}", metadata={"error_type": "Odd"})

    record = assert_the_same_in_pieces(pipeline)
    assert record.used_seed == min(places, default=None)
    assert (record.error or {}).get("error_message") == (f"error {max(places)}" if places else None)


@pytest.mark.parametrize("name", VALUES)
def test_odd_values_are_the_same_in_pieces(name):
    value = VALUES[name]()

    def pipeline(run):
        many(run, 4)
        log_everywhere(value)(run)

    assert_the_same_in_pieces(pipeline)


def logged(tracker, pipeline):
    run = tracker.execution("large")
    try:
        with run:
            many(run)
            pipeline(run)
    except Bang:
        pass
    return run.trace_id


@pytest.mark.parametrize("name", VALUES)
def test_what_was_written_in_pieces_is_read_back_as_what_was_written_whole(tmp_path, name):
    """A sink that wants records is given the same one."""
    remembering = RememberingSink()
    with start_recording([ParquetSink(tmp_path / "pieces"), remembering], journal=False) as recording:
        logged(recording.tracker(), log_everywhere(VALUES[name]()))
        assert recording.flush(SECONDS)
        health = recording.health()
    assert [one["delivered"] for one in health["sinks"]] == [1, 1]
    [record] = remembering.records
    ParquetSink(tmp_path / "whole").write(record)
    [stored], [whole] = (read_records(tmp_path / place) for place in ("pieces", "whole"))
    assert canonical.dumps(stored.to_dict()) == canonical.dumps(whole.to_dict())
    assert len(stored.items) == len(record.items) > 150
    assert load_media(tmp_path / "pieces", stored).attachments == record.attachments


def test_graphs_that_come_again_in_other_pieces_are_stored_once(tmp_path):
    import pyarrow.parquet as pq

    graphs = [{"nodes": [{"seed": number, "text": "x" * 100} for number in range(200 + shape)]} for shape in range(3)]
    with start_recording([ParquetSink(tmp_path)], journal=False) as recording:
        with recording.tracker().execution("large") as run, run.output(1) as output, output.stage(4) as stage:
            for number in range(60):
                stage.item(ItemType.OUTPUT_IMAGE, content=number, metadata={"workflow": graphs[number % 3]})
        assert recording.flush(SECONDS)
    [path] = (tmp_path / "blobs").rglob("*.parquet")
    assert pq.read_table(path, columns=["sha256"]).num_rows == 3
    [record] = read_records(tmp_path)
    images = [item.metadata["workflow"] for item in items_of(record, ItemType.OUTPUT_IMAGE)]
    assert images == [graphs[number % 3] for number in range(60)]


def test_a_small_run_does_not_wait_for_a_large_one(tmp_path):
    gate, entered = threading.Event(), threading.Event()

    class Slow(ParquetSink):
        def write_pieces(self, record):
            entered.set()
            assert gate.wait(SECONDS)
            super().write_pieces(record)

    with start_recording([Slow(tmp_path)], journal=False) as recording:
        large = logged(recording.tracker(), lambda run: None)
        assert entered.wait(SECONDS)
        with recording.tracker().execution("small") as small:
            small.item("user_input_text", content="quick")
        while recording.health()["outstanding"] > 1:
            threading.Event().wait(0.001)
        assert [record.trace_id for record in read_records(tmp_path)] == [small.trace_id]
        assert [one["pending"] for one in recording.health()["sinks"]] == [1]
        gate.set()
        assert recording.flush(SECONDS)
    assert {record.trace_id for record in read_records(tmp_path)} == {large, small.trace_id}


@pytest.mark.parametrize("at", ["items", "media", "executions"])
def test_a_large_run_that_cannot_be_written_is_invisible_and_tried_again(tmp_path, at):
    failures = [OSError(28, "No space left on device")]

    def step(name):
        if name == at and failures:
            raise failures.pop()

    with start_recording([ParquetSink(tmp_path, step=step)], journal=False, retry_seconds=0.001) as recording:
        trace_id = logged(recording.tracker(), lambda run: None)
        assert recording.flush(SECONDS)
        assert recording.health()["guarded_errors"] == {"sink ParquetSink": 1}
    assert [record.trace_id for record in read_records(tmp_path)] == [trace_id]
    assert not list(tmp_path.rglob(".*.tmp"))
    assert len(list((tmp_path / "items").rglob("*.parquet"))) == 1


def test_a_failed_write_says_what_would_help(tmp_path):
    def step(name):
        raise OSError(28, "No space left on device")

    record = pieces_of_recorded(spans_of(many), **ENDING).record
    with pytest.raises(WriteFailed, match=r"1 record.* once there is space and permission"):
        ParquetSink(tmp_path, step=step).write_pieces(record)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_large_run_that_was_erased_is_not_stored_again(tmp_path):
    sink, record = ParquetSink(tmp_path), pieces_of_recorded(spans_of(many), **ENDING).record
    Tombstones(tmp_path).add([RunId(record.head.execution_id, record.head.trace_id)], "erasure")
    sink.write_pieces(record)
    assert (list(tmp_path.rglob("*.parquet")), sink.refused) == ([], 1)


def test_closing_the_recording_waits_for_a_large_run_that_is_looked_at(tmp_path):
    recording = start_recording([ParquetSink(tmp_path)], journal=False)
    trace_id = logged(recording.tracker(), lambda run: None)
    assert recording.close(timeout=60)
    assert [record.trace_id for record in read_records(tmp_path)] == [trace_id]


def test_a_large_run_that_cannot_be_built_is_told_and_kept(tmp_path, monkeypatch, ram):
    def refuse(*_, **__):
        raise Bang

    monkeypatch.setattr(assembly, "pieces_of_recorded", refuse)
    recording = start_recording([ParquetSink(tmp_path)], journal=ram)
    logged(recording.tracker(), lambda run: None)
    assert recording.flush(SECONDS) is False
    assert recording.health()["guarded_errors"] == {"build": 1}
    recording.close(timeout=1)
    monkeypatch.undo()
    with start_recording([ParquetSink(tmp_path)], journal=ram) as again:
        assert again.wait_until_recovered(SECONDS)
    assert len(list(read_records(tmp_path))) == 1
