"""Runs that come steadily are made and written some at a time, and nobody who waits for one waits for company."""

import threading

import pytest
from builders import Bang, a_record

from collectors import start_recording
from collectors.delivery import lanes
from collectors.delivery.lanes import ENOUGH, MUCH_MEDIA, SinkLane
from collectors.delivery.parcel import Parcel
from collectors.delivery.road import Road
from collectors.delivery.spill import Spill
from collectors.delivery.waiting_room import WaitingRoom
from collectors.recording import assembly
from collectors.testing import RememberingSink
from collectors.worker import MANY, Worker
from otel_tracking.errors import Troubles

AN_HOUR = 3600.0


class Together(RememberingSink):
    """Remembers which records came together; refuses the first `refusals` times."""

    def __init__(self, refusals=0):
        super().__init__()
        self.groups, self.refusals = [], refusals
        self.wrote = threading.Semaphore(0)

    def write_all(self, records):
        if self.refusals:
            self.refusals -= 1
            raise Bang
        self.groups.append([record.config_name for record in records])
        self.records.extend(records)
        self.wrote.release()

    def write(self, record):
        self.write_all([record])


@pytest.fixture(autouse=True)
def company_comes_after_an_hour(monkeypatch):
    """So that whoever waits for company, and should not, is noticed."""
    monkeypatch.setattr(lanes, "APART", AN_HOUR)
    monkeypatch.setattr(assembly, "APART", AN_HOUR)


def a_parcel(name, media=b""):
    return Parcel(a_record(config_name=name, attachments={"0" * 64: media}), 1, lambda _: None)


def written(lane, *names):
    for name in names:
        lane.put(a_parcel(name))


def test_after_quiet_a_record_is_written_at_once_and_those_that_follow_together():
    sink = Together()
    lane = SinkLane(sink, Troubles())
    written(lane, "a")
    assert sink.wrote.acquire(timeout=60)
    written(lane, *"bcd")
    assert lane.close(timeout=60)
    assert sink.groups == [["a"], ["b", "c", "d"]]


def test_records_that_are_enough_wait_for_no_more():
    sink = Together()
    lane = SinkLane(sink, Troubles())
    written(lane, "a")
    assert sink.wrote.acquire(timeout=60)
    written(lane, *["b"] * ENOUGH)
    assert sink.wrote.acquire(timeout=60)
    assert sink.groups == [["a"], ["b"] * ENOUGH]
    assert lane.close(timeout=60)


def test_much_media_waits_for_no_more():
    sink = Together()
    lane = SinkLane(sink, Troubles())
    written(lane, "a")
    assert sink.wrote.acquire(timeout=60)
    half = bytes(MUCH_MEDIA // 2)
    lane.put(a_parcel("b", half))
    lane.put(a_parcel("c", half))
    assert sink.wrote.acquire(timeout=60)
    assert lane.close(timeout=60)


def test_a_sink_that_writes_one_by_one_has_nothing_of_company():
    class OneByOne(RememberingSink):
        def __init__(self):
            super().__init__()
            self.wrote = threading.Semaphore(0)

        def write(self, record):
            super().write(record)
            self.wrote.release()

    sink = OneByOne()
    lane = SinkLane(sink, Troubles())
    for name in "abc":
        written(lane, name)
        assert sink.wrote.acquire(timeout=60)
    assert lane.close(timeout=60)


def test_what_is_tried_again_waits_for_no_company():
    sink = Together(refusals=3)
    lane = SinkLane(sink, Troubles(), retry_seconds=0.001)
    written(lane, "a", "b")
    assert sink.wrote.acquire(timeout=60)
    assert lane.close(timeout=60)
    assert sorted(name for group in sink.groups for name in group) == ["a", "b"]


def test_a_room_for_few_is_not_filled_by_those_that_wait_for_company():
    sink, troubles = Together(), Troubles()
    road = Road([sink], troubles, room=WaitingRoom(Spill(None, "default"), troubles, max_pending=4))
    [lane] = road._lanes
    written(lane, "a")
    assert sink.wrote.acquire(timeout=60)
    written(lane, "b", "c")
    assert sink.wrote.acquire(timeout=60)
    assert road.close(timeout=60)


@pytest.mark.parametrize("wait", ["flush", "settle"])
def test_who_waits_for_a_run_waits_for_no_other(wait):
    sink = Together()
    with start_recording([sink], journal=False) as recording:
        tracker = recording.tracker()
        for name in "abcdef":
            tracker.execution(name).end()
            if name in "ac":
                assert getattr(recording, wait)(timeout=20)
        assert sorted(record.config_name for record in sink.records) == ["a", "b", "c"]
    assert sorted(record.config_name for record in sink.records) == list("abcdef")


def test_who_watches_a_run_is_told_of_its_end_at_once():
    with start_recording([Together()], journal=False) as recording:
        tracker = recording.tracker()
        tracker.execution("quiet until now").end()
        assert recording.flush(timeout=60)
        for _ in range(2):
            with tracker.execution("dada") as run:
                events = recording.live.follow(run.trace_id, timeout=60)
                next(events)
            assert list(events)[-1].kind == "finished"


def a_worker(**options):
    worker = Worker("gathering", lambda trouble: None, gather=AN_HOUR, **options)
    worker.start()
    began = threading.Event()
    worker.put(began.set)
    assert began.wait(60), "the first job after quiet is done at once"
    return worker


def test_a_worker_that_waits_for_company_is_hurried_by_who_waits():
    worker, done = a_worker(), []
    for number in range(3):
        worker.put(lambda number=number: done.append(number))
    assert worker.settle(timeout=60)
    assert done == [0, 1, 2]
    worker.put(lambda: done.append(3))
    assert worker.stop(timeout=60)
    assert done == [0, 1, 2, 3]


def test_a_worker_with_many_jobs_waits_for_no_more():
    worker, done = a_worker(), threading.Event()
    # As many may be done before it begins to wait.
    for number in range(2 * MANY):
        worker.put(done.set if number == MANY - 1 else lambda: None)
    assert done.wait(60)
    assert worker.stop(timeout=60)


def test_a_worker_does_at_once_what_is_put_while_somebody_waits():
    worker, somebody_waits = a_worker(is_awaited=lambda: True), threading.Event()
    for _ in range(3):
        somebody_waits.clear()
        worker.put(somebody_waits.set)
        assert somebody_waits.wait(60)
    assert worker.stop(timeout=60)


def test_a_worker_that_gathers_still_looks_in_time():
    looked = threading.Semaphore(0)
    worker = Worker("gathering", lambda trouble: None, gather=AN_HOUR)
    worker.start(looked.release, 0.001)
    for _ in range(3):
        worker.put(lambda: None)
        assert looked.acquire(timeout=60)
    assert worker.stop(timeout=60)
