"""Erasing while others write, compact and erase: nobody else loses anything, and nothing of the person stays."""

import pytest
from children import start_python
from erasure_stage import LENA, PROGRAM, TOM, a_batch, not_of_lena, of_lena, texts, traces_of
from records import NOON, a_record

from exporters import ParquetSink, list_executions, read_records
from exporters.erasure import erase, pending
from exporters.errors import CompactionRunning
from exporters.storage.writing import locks
from otel_tracking.erasure import RunId

EARLIER = {"batches": range(3)}


def end(*children):
    for child in children:
        child.kill()
        child.communicate(timeout=60)


def next_line(child):
    line = child.stdout.readline()
    assert line, "the child ended"
    return line.decode().strip()


def test_beside_a_process_that_keeps_storing(data):
    """Hers of before are gone, also those it stored while it was decided; his are all there, each once."""
    before = texts(data, not_of_lena)
    hers = texts(data, of_lena)
    child = start_python(PROGRAM, "write", data, 100)
    last = [int(next_line(child)) for _ in range(2)][-1]
    done = erase(data, of_lena, reason="person")
    after = int(next_line(child))
    end(child)

    assert done.complete
    erased = {run.execution_id for run in done.runs}
    assert set(hers) < erased
    assert {record.execution_id for n in range(100, last + 1) for record in a_batch(n, _moment(n), LENA)} <= erased
    now = texts(data, not_of_lena)
    his = {record.execution_id for n in range(100, after + 1) for record in a_batch(n, _moment(n), TOM)}
    assert before.items() <= now.items()
    assert his <= set(now)
    rows = [row.execution_id for row in list_executions(data, on_damage=lambda damage: None)]
    assert len(rows) == len(set(rows))
    assert erased.isdisjoint(rows)


def _moment(number):
    import datetime as dt

    return NOON - (number % 3) * dt.timedelta(days=1)


def test_beside_a_compaction_that_never_stops(data):
    """They take turns."""
    before = texts(data, not_of_lena)
    child = start_python(PROGRAM, "compact", data)
    next_line(child)
    done = erase(data, of_lena, reason="person")
    end(child)

    assert done.complete
    assert texts(data, not_of_lena) == before
    assert traces_of(LENA, data, data.parent / "out") == []


def test_two_erasures_at_once_both_finish(data):
    """The second waits for the first; of nobody is anything left."""
    children = [start_python(PROGRAM, "erase", data, who) for who in (LENA, TOM)]
    codes = []
    for child in children:
        child.communicate(timeout=120)
        codes.append(child.returncode)

    assert codes == [0, 0]
    assert pending(data) is None
    assert texts(data, lambda record: True) == {}
    for who in (LENA, f"{TOM} session", f"two by {TOM}"):
        assert traces_of(who, data, data.parent / "out") == []


def test_an_erasure_finishes_what_another_left(data):
    """It died after its decision; the next erases its own runs and those."""
    child = start_python(PROGRAM, "steps", data, 6)
    child.communicate(timeout=60)
    assert pending(data)

    erase(data, lambda record: record.user_id == TOM, reason="person")
    assert pending(data) is None
    assert texts(data, lambda record: True) == {}


@pytest.mark.parametrize("between_looks", [0.05, 2.5])
def test_a_long_wait_is_said(data, monkeypatch, between_looks):
    """Who has the lock, in one sentence; also where the end of the wait comes before the next look."""
    monkeypatch.setattr(locks, "_LOOK_SECONDS", between_looks)
    told = []
    with locks.compaction_lock(data), pytest.raises(CompactionRunning, match="process"):
        erase(data, of_lena, reason="person", progress=lambda *what: told.append(what), wait_seconds=2.2)
    assert told == [(told[0][0], 0, 0)]
    assert "waiting: process" in told[0][0]


class OnItsWay:
    """A place that a run leaves for the dataset as soon as somebody has asked either of them."""

    name = "on its way"

    def __init__(self, data, record):
        self._data, self._record, self._is_here = data, record, True

    def moves_after(self, is_meant):
        """The same question, at which it moves."""

        def asked(record):
            self._move()
            return is_meant(record)

        return asked

    def find(self, is_meant):
        found = [RunId(self._record.execution_id, self._record.trace_id)] if self._is_here else []
        self._move()
        return found

    def erase(self, runs, step):
        return ()

    def left(self, runs):
        return ()

    def _move(self):
        if self._is_here:
            self._is_here = False
            ParquetSink(self._data).write(self._record)


def test_a_run_that_comes_into_the_dataset_meanwhile_is_not_missed(tmp_path):
    """Between the looks it is neither where it was nor yet where it was looked for."""
    stays, comes = (a_record(execution_id=f"exec_20261123_043900_{n:08x}", trace_id=f"{n:08x}{1:024x}") for n in (1, 2))
    ParquetSink(tmp_path).write(stays)
    place = OnItsWay(tmp_path, comes)
    is_meant = place.moves_after(lambda record: record.trace_id == comes.trace_id)
    done = erase(tmp_path, is_meant, places=[place], reason="query")
    assert done.runs == {RunId(comes.execution_id, comes.trace_id)}
    assert [record.trace_id for record in read_records(tmp_path)] == [stays.trace_id]
