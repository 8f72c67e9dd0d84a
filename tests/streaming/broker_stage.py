"""A broker in memory with partitions and a group, whose members can be paused, cut off and killed; and runs to send."""

from __future__ import annotations

import contextlib
import itertools
import random
import sys
from collections import Counter
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / name) for name in ("erasure", "exporters")]

from deltalake.exceptions import CommitFailedError
from records import text_of
from requests_stage import request_of, spans_by_user

from collectors.building.record import build_record
from collectors.receiving.sorting import sort
from collectors.spans.of_otlp import batches_of_protobuf
from collectors.streaming import Message, StreamWorker
from exporters.delta.ledger import DeltaLedger
from exporters.delta.queries import rows
from exporters.delta.reading import known_runs, read_known
from exporters.delta.tables import DeltaStore
from otel_tracking.record import FinishReason

TOPIC = "otlp_spans"


class Broker:
    """Partitions, each a list of bodies; times are those of the sender, one second a message."""

    def __init__(self, count=3):
        self.partitions = [[] for _ in range(count)]
        self.members = []
        self.time = 1_790_000_000.0

    def send(self, key, body):
        self.time += 1
        self.partitions[key % len(self.partitions)].append((self.time, body))

    def share_out(self):
        """Give each partition to one of the members that answer; those cut off are not told."""
        present = [member for member in self.members if member.is_present]
        for member in present:
            for number in list(member.owned):
                member.take_away(number)
        for number in range(len(self.partitions)):
            if present:
                present[number % len(present)].give(number)


class Member:
    """A source of one member; `is_present` False is one that the group believes gone, and that goes on."""

    def __init__(self, broker):
        self.broker, self.is_present = broker, True
        self.owned, self.places, self.news = set(), {}, []
        self.is_held = False
        broker.members.append(self)

    def give(self, number):
        self.owned.add(number)
        self.news.append(("assigned", number))

    def take_away(self, number):
        self.owned.discard(number)
        self.news.append(("revoked", number))

    def poll(self, seconds, told):
        for what, number in self.news:
            getattr(told, what)([number])
            if what == "revoked":
                self.places.pop(number, None)
        self.news = []
        return [] if self.is_held else [one for number in sorted(self.places) for one in self._some(number)]

    def _some(self, number, count=3):
        at = self.places[number]
        found = self.broker.partitions[number][at : at + count]
        self.places[number] = at + len(found)
        return [Message(number, at + index, time, body) for index, (time, body) in enumerate(found)]

    def seek(self, partition, offset):
        self.places[partition] = offset or 0

    def is_at_end(self, partition):
        return self.places[partition] >= len(self.broker.partitions[partition])

    def hold(self, on_hold):
        self.is_held = on_hold

    def note(self, positions):
        pass

    def close(self):
        self.is_present = False


class FaultyStore(DeltaStore):
    """A store whose next appends to executions go wrong, as told by `plan`; each entry is for one append.

    `before`: nothing is written. `after`: it is written, and the answer is lost. `later`: it is written when the next
    one comes. None: it goes well. `meanwhile` is called between what is written and the answer that is lost.
    """

    def __init__(self, uri):
        super().__init__(str(uri))
        self.plan, self.late, self.meanwhile, self.appends = [], None, lambda: None, Counter()

    def append(self, table, rows, commit=None):
        name = table.table_uri.rstrip("/").rpartition("/")[2]
        self.appends[name] += 1
        if name != "executions":
            return super().append(table, rows, commit)
        if self.late:
            late, self.late = self.late, None
            with contextlib.suppress(CommitFailedError):  # it came too late; nobody hears of that
                super().append(*late)
        fault = self.plan.pop(0) if self.plan else None
        if fault == "later":
            # As it was sent: knowing of no commit that its sender did not know of.
            sent = self.open("executions")
            sent.load_as_version(table.version())
            self.late = (sent, rows, commit)
        if fault in (None, "after"):
            super().append(table, rows, commit)
        if fault:
            self.meanwhile()
            raise OSError("connection reset by peer")


def runs_of(count):
    """So many runs: the spans of each, by its trace id."""
    users = [f"user {number}" for number in range(count)]
    return {spans[0].context.trace_id: spans for spans in spans_by_user(*users).values()}


def long_run(hops):
    """The spans of a run of many hops, its root the last."""
    return next(iter(spans_by_user("somebody", hops=hops).values()))


def in_pieces(spans, rng):
    """The requests of a run: its spans in one message or in several, in any order, some of them twice."""
    spans = list(spans)
    rng.shuffle(spans)
    cuts = sorted(rng.sample(range(1, len(spans)), rng.choice([0, 0, 1, 2])))
    pieces = [spans[start:end] for start, end in zip([0, *cuts], [*cuts, len(spans)], strict=True)]
    pieces += [rng.choice(pieces)] if rng.random() < 0.3 else []
    return [request_of(piece) for piece in pieces]


def send_all(broker, runs, rng):
    """Send the pieces of all runs, mixed, each run in its partition."""
    waiting = [(trace_id, in_pieces(spans, rng)) for trace_id, spans in runs.items()]
    while waiting:
        place = rng.randrange(len(waiting))
        trace_id, pieces = waiting[place]
        broker.send(trace_id, pieces.pop(0))
        if not pieces:
            waiting.pop(place)


def expected(runs):
    """The canonical JSON of the record of each run, as whoever recorded it would have made it."""
    made = (sort(batches_of_protobuf(request_of(spans)), lambda _: False).ours for spans in runs.values())
    return sorted(
        text_of(build_record(spans, finish_reason=FinishReason.COUNTS_MET))
        for found in made
        for spans in found.values()
    )


def rows_in(uri, name):
    """All rows of a table."""
    table = DeltaStore(str(uri)).open(name)
    return rows(table, [field.name for field in table.schema().fields]).to_pylist()


def stored(uri):
    """The canonical JSON of every row that executions has, whichever counts."""
    store = DeltaStore(str(uri))
    executions = store.open("executions")
    found = rows(executions, ["trace_id", "revision"]).to_pylist()
    assert len({(row["trace_id"], row["revision"]) for row in found}) == len(found), "an execution is there twice"
    return sorted(text_of(record) for record in read_known(store, executions, known_runs(executions, None).values()))


def drain(broker, workers):
    """Let the workers work until nothing is left to read."""
    for _ in range(200):
        for one in workers:
            one.step()
        members = [member for member in broker.members if member.is_present]
        read = {number for member in members for number in member.places if member.is_at_end(number)}
        if len(read) == len(broker.partitions) and not any(
            one.health()["waiting"] or one.health()["open_runs"] or one.health()["trouble"] or one._is_dirty
            for one in workers
        ):
            return
    raise AssertionError([one.health() for one in workers])


def worker(broker, uri, clock=None, store=None, ledger=None, **options):
    """A worker of the group."""
    return StreamWorker(
        Member(broker),
        ledger or DeltaLedger(store or DeltaStore(str(uri)), TOPIC),
        clock=clock or itertools.count().__next__,
        **{"commit_seconds": 0} | options,
    )


def rng_of(seed):
    return random.Random(seed)
