"""Erasing while others write, compact and erase: nobody else loses anything, and nothing of the person stays."""

import time

from children import start_python
from erasure_stage import LENA, PROGRAM, TOM, a_batch, not_of_lena, of_lena, texts, traces_of
from records import NOON

from exporters import list_executions
from exporters.erasure import erase, pending

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


def test_a_long_wait_is_said(data):
    """Who has the lock, in one sentence."""
    from exporters.storage.writing.locks import compaction_lock

    told, started = [], time.monotonic()
    with compaction_lock(data):
        try:
            erase(data, of_lena, reason="person", progress=lambda *what: told.append(what), wait_seconds=2.2)
        except Exception as trouble:
            assert "process" in str(trouble)
    assert time.monotonic() - started < 60
    assert told == [(told[0][0], 0, 0)]
    assert "waiting: process" in told[0][0]
