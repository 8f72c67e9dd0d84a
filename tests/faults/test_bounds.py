"""Nothing grows without end while a sink hangs, and nothing is dropped for it."""

import contextlib
import gc
import threading

import odd_values
import pytest
from opentelemetry.sdk.trace import SpanProcessor

from collectors import recover, start_recording
from collectors.delivery import spill
from collectors.delivery.lanes import GROUP_SIZE
from collectors.testing import FailingSink, RememberingSink, WaitingSink
from otel_tracking import ItemType, canonical

SECONDS = 60


def run_through(recording, number, media=None):
    with recording.tracker().execution("dada") as run, run.stage(1) as stage:
        stage.item(ItemType.USER_INPUT_TEXT, content=f"prompt {number}", media=media)
    return run.trace_id


def prompts(sink):
    return sorted(record.items[1].content for record in sink.records)


def built(recording, count):
    """Wait until that many records were built: what waits for the sink then has been admitted."""
    for number in range(count):
        trace_id = recording.trace_ids[number]
        with contextlib.suppress(LookupError):  # remembered no more, so it was built
            list(recording.recording.live.follow(trace_id, timeout=SECONDS))


class Crowd:
    """A recording whose sink hangs while more runs finish than may wait in memory."""

    def __init__(self, sink, files, journal=False, runs=20, max_pending=5, media=None):
        self.sink = sink
        self.recording = start_recording(
            [sink], journal=journal, spill=files, max_pending=max_pending, recover_dead_runs=False, retry_seconds=0.001
        )
        self.trace_ids = [run_through(self.recording, number, media) for number in range(runs)]
        built(self, runs)


def test_records_that_wait_for_a_hanging_sink_are_in_files_beyond_a_number(tmp_path):
    crowd = Crowd(WaitingSink(), tmp_path / "files")
    health = crowd.recording.health()
    assert (health["pending_in_memory"], health["pending_in_files"], health["outstanding"]) == (5, 15, 20)
    assert len(list((tmp_path / "files").rglob("*.record"))) == 15

    crowd.sink.release()
    assert crowd.recording.flush(SECONDS)
    health = crowd.recording.health()
    assert (health["pending_in_memory"], health["pending_in_files"], health["put_aside"]) == (0, 0, 15)
    assert prompts(crowd.sink) == sorted(f"prompt {number}" for number in range(20))
    assert crowd.recording.close(timeout=60)
    assert not list((tmp_path / "files").rglob("*.record"))


def test_a_record_in_a_file_frees_its_journal(tmp_path, ram):
    """The RAM disk is no place to wait in either."""
    crowd = Crowd(WaitingSink(), tmp_path / "files", journal=ram)
    assert crowd.recording.health()["journal"]["runs_open"] == 5
    crowd.sink.release()
    assert crowd.recording.close(timeout=60)


def test_media_that_wait_are_counted_in_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("collectors.delivery.waiting_room.MAX_MEDIA_BYTES", 2500)
    crowd = Crowd(WaitingSink(), tmp_path / "files", runs=4, max_pending=100, media=bytes(1000))
    assert crowd.recording.health()["pending_in_memory"] == 2
    crowd.sink.release()
    assert crowd.recording.close(timeout=60)
    assert [list(record.attachments.values()) for record in crowd.sink.records] == [[bytes(1000)]] * 4


def test_without_space_for_files_everything_waits_in_memory_and_health_says_so(tmp_path, caplog):
    (tmp_path / "files").write_text("not a directory")
    crowd = Crowd(WaitingSink(), tmp_path / "files")
    health = crowd.recording.health()
    assert (health["pending_in_memory"], health["guarded_errors"]["spill"]) == (20, 15)
    assert f"{tmp_path / 'files'} is a file, not a directory" in health["spill_error"]
    assert caplog.text.count(health["spill_error"]) == 1
    crowd.sink.release()
    assert crowd.recording.close(timeout=60)
    assert len(crowd.sink.records) == 20


@pytest.mark.parametrize("journal", [False, True])
def test_what_a_hanging_sink_never_took_is_there_at_the_next_start(tmp_path, ram, journal):
    """In the journal where there is one, in files else; also what had been waiting in memory."""
    crowd = Crowd(WaitingSink(), tmp_path / "files", journal=ram if journal else False)
    assert crowd.sink.entered.wait(SECONDS)
    assert not crowd.recording.close(timeout=0.1)

    after = RememberingSink()
    report = recover([after], directory=ram, spill=tmp_path / "files")
    assert len(report.recovered) == 20
    assert prompts(after) == sorted(f"prompt {number}" for number in range(20))
    assert recover([after], directory=ram, spill=tmp_path / "files").recovered == ()
    assert not list((tmp_path / "files").rglob("*"))
    crowd.sink.release()


def test_a_file_that_cannot_be_delivered_yet_is_kept_for_the_next_time(tmp_path):
    crowd = Crowd(WaitingSink(), tmp_path / "files", runs=6)
    crowd.recording.close(timeout=0.1)
    refusing = FailingSink([OSError("no")] * 6)
    assert recover([refusing], directory=tmp_path, spill=tmp_path / "files").failed == 6
    assert len(recover([refusing], directory=tmp_path, spill=tmp_path / "files").recovered) == 6
    crowd.sink.release()


def test_files_of_a_living_process_are_left_alone(tmp_path):
    crowd = Crowd(WaitingSink(), tmp_path / "files")
    assert recover([RememberingSink()], directory=tmp_path, spill=tmp_path / "files").recovered == ()
    crowd.sink.release()
    assert crowd.recording.close(timeout=60)


def test_more_records_that_no_sink_can_take_than_a_group_holds_do_not_hold_up_the_others():
    class Picky(RememberingSink):
        """A sink that can never take some records."""

        def write(self, record):
            if record.config_name == "poison":
                raise ValueError("never")
            super().write(record)

    sink = Picky()
    recording = start_recording([sink], journal=False, retry_seconds=0.001)
    for _ in range(GROUP_SIZE + 10):
        with recording.tracker().execution("poison"):
            pass
    with recording.tracker().execution("good") as run:
        pass
    assert recording._road._changed.acquire(timeout=SECONDS)
    try:
        recording._road._changed.wait_for(lambda: sink.records, SECONDS)
    finally:
        recording._road._changed.release()
    assert [record.trace_id for record in sink.records] == [run.trace_id]
    assert not recording.close(timeout=0.5)
    # It ends by itself: a lane that cannot write must not spin.
    recording._road._lanes[0]._thread.join(SECONDS)
    assert not recording._road._lanes[0]._thread.is_alive()


VALUES = {**odd_values.KEPT, **odd_values.LOSSY}
del VALUES["shares itself exponentially"]  # it takes seconds to be cut, and is text afterwards


@pytest.mark.parametrize("name", VALUES)
def test_a_record_comes_out_of_its_file_as_it_went_in(name, tmp_path, recording, sink):
    make = VALUES[name]
    with recording.tracker().execution("dada", metadata={"value": make()}) as run, run.stage(1) as stage:
        stage.item(ItemType.USER_INPUT_TEXT, content=make(), metadata=make(), media=b"bytes")
    assert recording.flush(SECONDS)
    [record] = sink.records
    files = spill.Spill(tmp_path, "default")
    back = files.keep(record).read()
    assert canonical.dumps(back.to_dict()) == canonical.dumps(record.to_dict())
    assert back.attachments == record.attachments
    files.close()


def test_spans_wait_for_a_hanging_viewer_up_to_a_number(recording, sink, monkeypatch):
    """Viewers are best effort; the record has every span."""
    entered, gate = threading.Event(), threading.Event()

    class Hanging(SpanProcessor):
        def on_end(self, span):
            entered.set()
            gate.wait(SECONDS)

    monkeypatch.setattr("collectors.recording.provider.MOST_WAITING_SPANS", 3)
    recording.provider.add_span_processor(Hanging())
    run_through(recording, 1)
    assert entered.wait(SECONDS)
    for number in range(5):
        run_through(recording, number)
    assert recording.health()["viewer_spans_dropped"] >= 6
    assert recording.flush(SECONDS)
    assert [record.dropped for record in sink.records] == [0] * 6
    gate.set()


def test_a_crowd_of_open_runs_is_written_and_none_loses_an_item(sink):
    """The oldest make room, and come again with what they logged later."""
    recording = start_recording([sink], journal=False, max_open_runs=10)
    runs = [recording.tracker().execution("dada") for _ in range(50)]
    for number, run in enumerate(runs):
        run.item(ItemType.USER_INPUT_TEXT, content=f"prompt {number}")
    for run in runs:
        run.end()
    assert recording.close(timeout=60)
    latest = sink.latest()
    assert [latest[run.trace_id].items[1].content for run in runs] == [f"prompt {number}" for number in range(50)]
    assert {record.status for record in latest.values()} == {"completed"}


def test_runs_that_ended_are_remembered_for_watchers_as_far_as_they_are_not_large(recording):
    """At least the latest one is; media would fill the memory otherwise."""
    recording.live._most_bytes = 2500
    trace_ids = [run_through(recording, number, media=bytes(1000)) for number in range(4)]
    assert recording.flush(SECONDS)
    gc.collect()
    with pytest.raises(LookupError):
        recording.live.follow(trace_ids[0])
    assert [event.kind for event in recording.live.follow(trace_ids[-1], timeout=SECONDS)][-1] == "finished"
