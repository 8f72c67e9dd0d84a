"""Whatever a table does to a commit, what was read is there once, and what comes later is read."""

import pytest
from broker_stage import (
    TOPIC,
    Broker,
    FaultyStore,
    drain,
    expected,
    request_of,
    rng_of,
    rows_in,
    runs_of,
    send_all,
    stored,
    worker,
)

from exporters.delta.ledger import DeltaLedger
from exporters.delta.tables import DeltaStore


def pinned(tmp_path, count):
    """A worker whose partition stays at 0, where a run is open; the runs that are whole; and what ends the open one."""
    broker, runs = Broker(1), runs_of(count + 1)
    spans = list(runs.values())
    broker.send(0, request_of(spans[0][:1]))
    store = FaultyStore(tmp_path)
    one = worker(broker, tmp_path, store=store)
    broker.share_out()
    for _ in range(3):
        one.step()
    assert one.health()["positions"] == {0: 0}
    return broker, store, one, runs, spans


def send_and_end(broker, one, spans):
    for whole in spans[1:]:
        broker.send(0, request_of(whole))
        one.step()
    broker.send(0, request_of(spans[0][1:]))
    drain(broker, [one])


@pytest.mark.parametrize("plan", [["before"], ["after"], ["later"], ["later", "before", "after"], ["before"] * 5])
def test_a_commit_that_fails_in_any_way_is_made_once(tmp_path, plan):
    """Also where the position stays where it is, so that it does not tell whether it was made."""
    broker, store, one, runs, spans = pinned(tmp_path, 3)
    store.plan = plan
    send_and_end(broker, one, spans)
    assert stored(tmp_path) == expected(runs)


def test_a_lost_answer_is_found_behind_the_commits_of_many_others(tmp_path):
    """An object store may take minutes to say no; in that time other workers have committed hundreds of times."""
    broker, store, one, runs, spans = pinned(tmp_path, 2)
    other = DeltaLedger(DeltaStore(str(tmp_path)), TOPIC)
    other.open([7])
    store.plan, store.meanwhile = ["after"], lambda: [other.commit([], {7: number}, []) for number in range(60)]
    send_and_end(broker, one, spans)
    assert stored(tmp_path) == expected(runs)


def form_of(ledger, spans):
    from collectors.building.record import build_record
    from collectors.receiving.sorting import sort
    from collectors.spans.of_otlp import batches_of_protobuf

    [found] = sort(batches_of_protobuf(request_of(spans)), lambda _: False).ours.values()
    return ledger.prepare(build_record(found))


@pytest.mark.parametrize("position", [0, 3])
def test_whoever_looks_at_the_table_for_a_new_partition_is_still_fenced_from_the_old_one(tmp_path, position):
    [spans] = runs_of(1).values()
    old, new = (DeltaLedger(DeltaStore(str(tmp_path)), TOPIC) for _ in range(2))
    for ledger in (old, new):
        ledger.open([0])
    assert new.commit([form_of(new, spans)], {0: position}, []) == frozenset()
    old.open([1])
    assert old.commit([form_of(old, spans)], {0: position}, []) == {0}
    assert len(stored(tmp_path)) == 1


def test_whoever_had_read_nothing_of_a_partition_is_fenced_from_it_too(tmp_path):
    """It commits for its others, and sees the table as it is then."""
    [spans] = runs_of(1).values()
    old, new = (DeltaLedger(DeltaStore(str(tmp_path)), TOPIC) for _ in range(2))
    old.open([0, 1])
    new.open([0])
    assert new.commit([form_of(new, spans)], {0: 1}, []) == frozenset()
    assert 0 in old.commit([], {1: 4}, [])


class Refusing(DeltaLedger):
    """A ledger that cannot be asked so many times, by what is asked."""

    def __init__(self, store, **times):
        super().__init__(store, TOPIC)
        self.times = times

    def _may_refuse(self, what):
        if self.times.get(what, 0) > 0:
            self.times[what] -= 1
            raise OSError("connection refused")

    def open(self, partitions):
        self._may_refuse("open")
        return super().open(partitions)

    def stored(self, traces):
        self._may_refuse("stored")
        return super().stored(traces)

    def spill(self, records):
        self._may_refuse("spill")
        super().spill(records)


@pytest.mark.parametrize("what", ["open", "stored"])
def test_a_table_that_cannot_be_asked_for_a_while_holds_nobody_up_for_ever(tmp_path, what):
    broker, runs = Broker(), runs_of(4)
    send_all(broker, runs, rng_of(3))
    one = worker(broker, tmp_path, ledger=Refusing(DeltaStore(str(tmp_path)), **{what: 3}))
    broker.share_out()
    drain(broker, [one])
    assert stored(tmp_path) == expected(runs)
    assert not one.health()["trouble"]


def test_an_idle_worker_whose_table_was_away_reads_what_comes_later(tmp_path):
    broker, runs = Broker(), runs_of(2)
    one = worker(broker, tmp_path, ledger=Refusing(DeltaStore(str(tmp_path)), open=2))
    broker.share_out()
    for _ in range(6):
        one.step()
    send_all(broker, runs, rng_of(4))
    drain(broker, [one])
    assert stored(tmp_path) == expected(runs)


def test_messages_from_before_a_partition_was_opened_anew_are_read_again_in_their_order(tmp_path):
    """Else the position would pass those that lie before them."""
    broker, runs = Broker(1), runs_of(6)
    for part in (slice(0, 1), slice(1, None)):
        for spans in runs.values():
            broker.send(0, request_of(spans[part]))
    one = worker(broker, tmp_path)
    broker.share_out()
    one.step()
    rival = DeltaLedger(DeltaStore(str(tmp_path)), TOPIC)
    rival.open([0])
    assert rival.commit([], {0: 0}, []) == frozenset()
    for _ in range(3):
        one.step()
        assert one.health()["positions"].get(0) in (0, None)
    assert one.health()["fenced"] == 1
    drain(broker, [one])
    assert stored(tmp_path) == expected(runs)


def test_what_is_set_aside_is_not_written_again_with_each_try(tmp_path):
    broker, store = Broker(1), FaultyStore(tmp_path)
    broker.send(0, b"\xff\xff no request")
    store.plan = ["before"] * 4
    one = worker(broker, tmp_path, store=store)
    broker.share_out()
    drain(broker, [one])
    assert store.appends["aside"] == 1
    assert len(rows_in(tmp_path, "aside")) == 1


class Narrow(DeltaLedger):
    """A ledger whose tables cannot hold the runs of somebody, and say so only when all of it is written."""

    def _is_bad(self, form):
        return "user 1" in str(form.execution)

    def commit(self, records, positions, asides):
        if any(map(self._is_bad, records)):
            raise ValueError("no row can be made of it")
        return super().commit(records, positions, asides)

    def fits(self, form):
        return not self._is_bad(form)


def test_a_run_that_no_row_can_be_made_of_holds_nobody_up(tmp_path):
    broker, runs = Broker(), runs_of(4)
    send_all(broker, runs, rng_of(5))
    one = worker(broker, tmp_path, ledger=Narrow(DeltaStore(str(tmp_path)), TOPIC))
    broker.share_out()
    drain(broker, [one])
    assert len(stored(tmp_path)) == 3
    [aside] = rows_in(tmp_path, "aside")
    from collectors.receiving.kept_runs import PROTOBUF, records_in

    [record] = records_in([(PROTOBUF, aside["message"])])
    assert (record.user_id, record.trace_id) == ("user 1", aside["trace_id"])
