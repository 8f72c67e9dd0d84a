"""A sink that fails, hangs or refuses holds up nobody but itself, and gets every record once in the end."""

import random
import threading
import time

import pytest
from builders import Bang, a_record
from flight_recorder_stage import tiny_ram_disk

from collectors import start_recording
from collectors.delivery import waiting_room
from collectors.delivery.lanes import GROUP_SIZE, SinkLane
from collectors.delivery.parcel import Parcel
from collectors.delivery.spill import Spill
from collectors.testing import FailingSink, RememberingSink, WaitingSink
from otel_tracking.errors import RecordingError, Troubles

PATIENCE = 60


class PickySink(RememberingSink):
    """Refuses some configurations for ever."""

    def __init__(self, *refused):
        super().__init__()
        self.refused = refused

    def write(self, record):
        if record.config_name in self.refused:
            raise Bang
        super().write(record)


def run(recording, *names):
    for name in names:
        with recording.tracker().execution(name) as execution:
            execution.item("user_input_text", content=name)


def test_a_hanging_sink_holds_up_no_other():
    hanging, working = WaitingSink(), RememberingSink()
    recording = start_recording([hanging, working], journal=False)
    run(recording, "a", "b")
    assert hanging.entered.wait(60)
    assert recording.flush(timeout=0) is False
    assert recording.health()["outstanding"] == 2
    hanging.release()
    assert recording.flush(timeout=60)
    assert [record.config_name for record in working.records] == ["a", "b"]
    assert [record.config_name for record in hanging.records] == ["a", "b"]
    assert recording.close(timeout=60)


def test_closing_does_not_wait_for_ever_and_says_so():
    hanging = WaitingSink()
    recording = start_recording([hanging], journal=False)
    run(recording, "a")
    assert hanging.entered.wait(60)
    assert recording.close(timeout=0.01) is False
    assert not hanging.closed
    hanging.release()


def test_a_failing_sink_gets_its_record_when_it_works_again():
    sink = FailingSink([OSError("disk full"), Bang(), Bang()])
    with start_recording([sink], journal=False, retry_seconds=0.001) as recording:
        run(recording, "a")
        assert recording.flush(timeout=60)
        [health] = recording.health()["sinks"]
        assert (health["delivered"], health["pending"], health["last_error"]) == (1, 0, None)
        assert recording.health()["guarded_errors"]["sink FailingSink"] == 3
    assert [record.config_name for record in sink.records] == ["a"]


def test_a_record_that_is_refused_for_ever_holds_up_no_other():
    sink = PickySink("bad")
    recording = start_recording([sink], journal=False, retry_seconds=0.001)
    run(recording, "a", "bad", "b", "c")
    sink_names = [record.config_name for record in _until(recording, sink, 3)]
    assert sink_names == ["a", "b", "c"]
    assert recording.flush(timeout=0.01) is False
    assert recording.close(timeout=0.5) is False
    recording._road.close(PATIENCE)
    assert [record.config_name for record in sink.records] == ["a", "b", "c"]
    assert sink.closed


def test_more_refused_records_than_a_group_hold_up_no_other_and_no_end():
    sink = PickySink("bad")
    lane = SinkLane(sink, Troubles(), retry_seconds=0.0001)
    done = []
    for record in [_Record("bad")] * (GROUP_SIZE + 5) + [_Record("good")]:
        lane.put(Parcel(record, 1, lambda *_: done.append(1)))
    assert lane.close(timeout=60) is False
    assert [record.config_name for record in sink.records] == ["good"]
    assert not lane._thread.is_alive()
    assert lane.pending == GROUP_SIZE + 5


def test_retrying_does_not_touch_the_pipelines_random_numbers():
    random.seed(1)
    before = random.getstate()
    sink = FailingSink([Bang(), Bang(), Bang()])
    with start_recording([sink], journal=False, retry_seconds=0.001) as recording:
        run(recording, "a")
        assert recording.flush(timeout=60)
    assert random.getstate() == before


def test_records_written_together_are_each_written_once():
    class Together(RememberingSink):
        def write_all(self, records):
            if len(records) > 1 and records[-1].config_name == "bad":
                raise Bang
            self.records.extend(records)

        def write(self, record):
            self.write_all([record])

    sink = Together()
    lane = SinkLane(sink, Troubles(), retry_seconds=0.001)
    for name in ["a", "b", "bad"]:
        lane.put(Parcel(_Record(name), 1, lambda *_: None))
    assert lane.close(timeout=60)
    assert sorted(record.config_name for record in sink.records) == ["a", "b", "bad"]


class Preparing(RememberingSink):
    """Wants the name of a record's configuration in its place."""

    def __init__(self, *refused):
        super().__init__()
        self.refused = refused

    def prepare(self, record):
        if record.config_name in self.refused:
            raise Bang
        return record.config_name


def test_a_sink_gets_what_it_prepared_and_its_neighbour_the_record():
    preparing, plain = Preparing(), RememberingSink()
    with start_recording([preparing, plain], journal=False) as recording:
        run(recording, "a", "b")
        assert recording.flush(timeout=60)
    assert (preparing.records, [record.config_name for record in plain.records]) == (["a", "b"], ["a", "b"])


class Columnar(RememberingSink):
    """Wants columns, and makes its form of them."""

    def prepare_columns(self, columns):
        return columns


def test_a_sink_that_takes_columns_is_given_them_and_its_neighbour_the_record():
    """Columns in which nothing is unusual say so: who writes them need not look at each value."""
    columnar, plain = Columnar(), RememberingSink()
    with start_recording([columnar, plain], journal=False) as recording:
        run(recording, "a")
        assert recording.flush(timeout=60)
    [columns], [record] = columnar.records, plain.records
    assert (columns.record(), columns.item_count, columns.is_plain) == (record, len(record.items), True)


def test_a_record_that_nobody_holds_is_built_again_when_a_sink_stalls(tmp_path):
    class Stalled(WaitingSink):
        prepare = Preparing.prepare
        refused = ()

    sink = Stalled()
    with start_recording([sink], journal=False, spill=tmp_path / "files", max_pending=1) as recording:
        run(recording, "a", "b", "c")
        assert recording.flush(timeout=0.01) is False
        sink.release()
        assert recording.flush(timeout=60)
    assert sink.records == ["a", "b", "c"]


def test_a_record_that_cannot_be_prepared_is_tried_again_and_holds_up_no_other():
    sink = Preparing("bad")
    recording = start_recording([sink], journal=False, retry_seconds=0.001)
    run(recording, "a", "bad", "b")
    assert _until(recording, sink, 2) == ["a", "b"]
    assert recording.flush(timeout=0.01) is False
    assert recording.close(timeout=0.5) is False
    recording._road.close(PATIENCE)
    assert sink.records == ["a", "b"]
    assert recording.health()["guarded_errors"]["prepare"] == 1


def test_runs_wait_unbuilt_for_sinks_that_keep_up_and_not_for_one_that_stalls(monkeypatch):
    monkeypatch.setattr(waiting_room, "MAX_READY", 1)
    monkeypatch.setattr(waiting_room, "PATIENCE", 0.01)
    room = waiting_room.WaitingRoom(Spill(None, "test"), Troubles())
    first, second = (Parcel(_Record(name), 1, lambda *_: None) for name in "ab")
    room.admit(first, None)
    room.wait_for_room()  # comes back, though nobody leaves: the sink has stalled
    monkeypatch.setattr(waiting_room, "PATIENCE", None)
    room.wait_for_room()  # at once, as long as it has
    room.leave(first)
    room.admit(second, None)
    waiting = threading.Thread(target=room.wait_for_room)
    waiting.start()
    room.leave(second)
    waiting.join(60)
    assert not waiting.is_alive()


def test_a_sink_that_cannot_be_closed_is_counted():
    class Unclosable(RememberingSink):
        def close(self):
            raise Bang

    recording = start_recording([Unclosable()], journal=False)
    run(recording, "a")
    assert recording.close(timeout=60)
    assert recording.health()["guarded_errors"] == {"sink Unclosable": 1}


def test_health_counts_what_was_made(recording, sink):
    with recording.tracker().execution("dada") as execution, execution.stage(1) as stage:
        stage.item("user_input_text", content=object())
        stage.item("output_image")
    assert recording.flush(timeout=60)
    health = recording.health()
    counted = {name: health[name] for name in ("records", "items", "lossy_values", "dropped", "open_runs")}
    assert counted == {"records": 1, "items": 4, "lossy_values": 1, "dropped": 0, "open_runs": 0}
    assert sum(health["unusual_items"].values()) == 2
    assert health["guarded_errors"] == {}


@pytest.mark.parametrize("late", [False, True])
def test_closing_twice_and_using_a_closed_recording_is_harmless(sink, late):
    recording = start_recording([sink], journal=False)
    execution = recording.tracker().execution("open")
    assert recording.close() is True
    assert recording.close() is True
    [record] = sink.records
    assert (record.status, record.finish_reason) == ("interrupted", "closed")
    if late:
        execution.item("user_input_text")
        execution.end()
    run(recording, "after the end")
    assert recording.flush(timeout=None) in (True, False)  # it comes back


class _Record:
    def __init__(self, config_name):
        self.config_name, self.attachments = config_name, {}


def _until(recording, sink, count):
    """The sink's records, once there are `count`; the recording's flush is what waits."""
    until = time.monotonic() + PATIENCE
    while len(sink.records) < count and time.monotonic() < until:
        recording.flush(timeout=0.01)
    return sink.records


def test_a_sink_that_fails_is_told_once_in_the_log_and_in_health(caplog):
    """Which sink, and the class of its error: its text may hold what a child wrote."""
    sink = FailingSink([OSError(28, "what a child wrote"), ValueError("what a child wrote"), Bang()])
    with start_recording([sink], journal=False, retry_seconds=0.001) as recording:
        run(recording, "a")
        assert recording.flush(timeout=60)
        assert recording.health()["guarded_errors"] == {"sink FailingSink": 3}
    told = [line for line in caplog.messages if "FailingSink" in line]
    assert told == [
        "tracking trouble (sink FailingSink): OSError (No space left on device); the pipeline goes on, "
        "later ones are only counted"
    ]
    assert "child wrote" not in caplog.text


def test_a_full_disk_is_named_with_its_path_where_a_record_should_wait():
    """A write that finds no space knows no path by itself."""
    with tiny_ram_disk() as disk:
        files = Spill(disk / "files", "default")
        with pytest.raises(OSError, match="No space left on device") as told:
            files.keep(a_record(attachments={"sha": bytes(2**21)}))
        assert str(disk / "files" / "default") in str(told.value)
        assert [path.name for path in disk.rglob("*.new")] == []
        files.close()
        assert list((disk / "files").iterdir()) == []


@pytest.mark.parametrize(
    ("sinks", "sentence"),
    [
        (RememberingSink(), "sinks is one RememberingSink; a list such as"),
        (["data"], "'data' among the sinks keeps no records"),
        ("data", "'d' among the sinks keeps no records"),
        ([RememberingSink], "RememberingSink'> among the sinks keeps no records"),
    ],
)
def test_what_is_no_list_of_sinks_is_refused_in_one_sentence(sinks, sentence):
    """Before anything is started."""
    with pytest.raises(RecordingError, match=r"ParquetSink\('data'\)\]? would work") as refused:
        start_recording(sinks, journal=False)
    assert sentence in str(refused.value)
