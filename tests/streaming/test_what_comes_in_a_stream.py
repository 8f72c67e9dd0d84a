"""What a stream may bring: poison, strangers, duplicates, late and old spans, runs without an end, holes."""

import json
import subprocess
import sys
from pathlib import Path

from broker_stage import (
    Broker,
    drain,
    expected,
    long_run,
    request_of,
    rng_of,
    rows_in,
    runs_of,
    send_all,
    stored,
    worker,
)
from google.protobuf.json_format import MessageToDict, ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collectors.receiving import runs as receiving_runs
from collectors.receiving.kept_runs import PROTOBUF, records_in, traces_in
from collectors.streaming import Message
from collectors.streaming.partition import Partition, StreamPatience
from otel_tracking import attributes as names

ROOT = Path(__file__).parents[2]
NEVER = StreamPatience(grace=1e9, spill=1e9, age=1e9)


def changed(body, change):
    """A request after `change` has been made to each of its groups, as a dict."""
    request = MessageToDict(ExportTraceServiceRequest.FromString(body))
    for group in request["resourceSpans"]:
        change(group)
    return ParseDict(request, ExportTraceServiceRequest()).SerializeToString()


def of_strangers(body):
    """The same spans, as another instrumentation would have made them."""

    def change(group):
        for scope in group["scopeSpans"]:
            scope["scope"] = {"name": "somebody.else"}
            for span in scope["spans"]:
                span.pop("attributes", None), span.pop("events", None)

    return changed(body, change)


def for_viewers(body):
    said = {"key": names.OTLP_CONTENT, "value": {"stringValue": "viewer"}}
    return changed(body, lambda group: group["resource"].setdefault("attributes", []).append(said))


def read(broker, tmp_path, steps=8, **options):
    """A worker that has read all there is."""
    one = worker(broker, tmp_path, **options)
    broker.share_out()
    for _ in range(steps):
        one.step()
    return one


def said_by(*arguments):
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "devserver.cli", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def asides(tmp_path):
    return rows_in(tmp_path, "aside")


def test_poison_strangers_and_reduced_spans_hold_nobody_up(tmp_path):
    broker, runs = Broker(1), runs_of(3)
    first, second, third = map(request_of, runs.values())
    for body in (b"\xff poison", first, of_strangers(second), for_viewers(third), b"", second, third):
        broker.send(0, body)
    one = worker(broker, tmp_path)
    broker.share_out()
    drain(broker, [one])
    assert stored(tmp_path) == expected(runs)
    health, spans = one.health(), [len(spans) for spans in runs.values()]
    assert (health["not_ours"], health["reduced"], health["set_aside"]) == (spans[1], spans[2], 1)
    [aside] = asides(tmp_path)
    assert (aside["offset"], aside["message"]) == (0, b"\xff poison")


def test_what_is_set_aside_holds_no_secret(tmp_path):
    key = b"sk-proj-" + b"abcdefghij0123456789" * 4
    broker = Broker(1)
    broker.send(0, b"\xff\xff poison with " + key)
    read(broker, tmp_path)
    [aside] = asides(tmp_path)
    assert b"poison with" in aside["message"]
    assert key not in aside["message"]


def test_an_erased_run_is_counted_and_not_kept(tmp_path):
    broker, runs = Broker(1), runs_of(2)
    for spans in runs.values():
        broker.send(0, request_of(spans))
    erased, kept = runs
    one = read(broker, tmp_path, is_erased=lambda name: int(name, 16) == erased)
    assert stored(tmp_path) == expected({kept: runs[kept]})
    assert one.health()["erased"] == len(runs[erased])


def test_several_runs_in_each_message_are_told_apart(tmp_path):
    broker, runs = Broker(1), runs_of(6)
    for place in range(max(map(len, runs.values()))):
        broker.send(0, request_of([spans[place] for spans in runs.values() if place < len(spans)]))
    read(broker, tmp_path)
    assert stored(tmp_path) == expected(runs)


def test_a_run_in_a_hundred_messages_each_of_them_twice_is_one(tmp_path):
    spans = long_run(100)
    broker, rng = Broker(1), rng_of(2)
    bodies = [request_of([span]) for span in spans] * 2
    rng.shuffle(bodies)
    for body in bodies:
        broker.send(0, body)
    read(broker, tmp_path, steps=100)
    assert stored(tmp_path) == expected({0: spans})


def test_a_later_message_of_a_run_that_waits_for_its_commit_is_known(tmp_path, monkeypatch):
    """Also where the run is larger than what is remembered of runs that are records."""
    monkeypatch.setattr(receiving_runs, "MOST_SETTLED_BYTES", 10)
    broker, runs = Broker(1), runs_of(2)
    for spans in runs.values():
        broker.send(0, request_of(spans))
    for spans in runs.values():
        broker.send(0, request_of(spans[:2]))
    one = worker(broker, tmp_path, clock=lambda: 0.0, commit_seconds=1)
    broker.share_out()
    for _ in range(5):
        one.step()
    assert one.health()["waiting"] == 2
    one.commit()
    assert stored(tmp_path) == expected(runs)
    assert one.health()["set_aside"] == 0


def test_a_run_without_its_end_lets_go_of_its_partition_and_is_whole_when_the_end_comes(tmp_path):
    """Also for another worker, and with the same record."""
    broker, runs = Broker(1), runs_of(2)
    never, other = runs.values()
    broker.send(0, request_of(never[:-1]))
    broker.time += 10_000
    for _ in range(4):
        broker.send(0, request_of(other))
    one = read(broker, tmp_path, patience=StreamPatience(grace=600, spill=1800, age=1e9))
    assert one.health()["positions"] == {0: 5}
    assert (one.health()["spilled"], one.health()["open_runs"]) == (1, 0)
    one._source.is_present = False
    broker.send(0, request_of(never[-1:]))
    read(broker, tmp_path)
    assert stored(tmp_path) == expected(runs)


def test_late_spans_make_one_later_revision_however_often_they_come(tmp_path):
    broker, runs = Broker(1), runs_of(1)
    [spans] = runs.values()
    broker.send(0, request_of(spans[1:]))
    broker.time += 100_000
    one = read(broker, tmp_path, patience=StreamPatience(grace=0, spill=1, age=1e9))
    one._source.is_present = False
    for _ in range(3):
        broker.send(0, request_of(spans[:1]))
        read(broker, tmp_path)._source.is_present = False
    rows = rows_in(tmp_path, "executions")
    assert sorted(row["revision"] for row in rows) == [1, 2]
    [last] = [row for row in rows if row["revision"] == 2]
    assert last["late_spans"] == 1


def partition(position=0, patience=NEVER, now=1e9, is_at_end=lambda: False):
    return Partition(0, position, patience, is_at_end, lambda: now)


def take(one, offset, body, time_s=1.0):
    from collectors.receiving.sorting import sort
    from collectors.spans.of_otlp import batches_of_protobuf

    return one.take(Message(0, offset, time_s, body), sort(batches_of_protobuf(body), one.knows))


def test_a_clock_that_is_ahead_ends_no_runs():
    """Of whoever wrote a message."""
    one, (first, second) = partition(patience=StreamPatience(10, 10, 10), now=1e9), runs_of(2).values()
    take(one, 0, request_of(first[:1]), 1e9 - 5)
    take(one, 1, request_of(second[:1]), 5e9)
    assert one.silent() == one.overdue() == []


def test_old_spans_from_an_outbox_are_waited_for_like_new_ones():
    """A server that was away for days sends its runs in several messages, while others send what is new."""
    one = partition(patience=StreamPatience(600, 1800, 3600), now=2e9)
    old, new = runs_of(2).values()
    days = 3 * 86_400 * 10**9

    def earlier(group):
        for scope in group["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("startTimeUnixNano", "endTimeUnixNano"):
                    span[name] = str(int(span[name]) - days)

    take(one, 0, request_of(new), 1e9)
    take(one, 1, changed(request_of(old[:1]), earlier), 1e9 + 1)
    assert one.silent() == one.overdue() == []


def test_reading_a_day_of_old_messages_ends_no_runs_early():
    """Only where nothing is left to read the clock on the wall decides."""
    end, [spans] = [], runs_of(1).values()
    one = partition(patience=StreamPatience(600, 1800, 1e6), now=1e9, is_at_end=lambda: bool(end))
    take(one, 0, request_of(spans[:1]), 1e9 - 86_400)
    assert not one.silent()
    end.append("nothing is left")
    assert one.silent()


def test_messages_that_the_broker_had_no_more_are_counted_and_told(tmp_path, caplog):
    broker, runs = Broker(1), runs_of(3)
    for spans in runs.values():
        broker.send(0, request_of(spans))
    first = worker(broker, tmp_path)
    broker.share_out()
    first.step(), first.step(), first.commit()
    first._source.is_present = False
    for spans in runs_of(4).values():
        broker.send(0, request_of(spans))
    one = worker(broker, tmp_path)
    broker.share_out()
    one._source.seek = lambda number, offset: one._source.places.update({number: 5})
    for _ in range(4):
        one.step()
    assert one.health()["missed"] == 2
    assert "2 messages before 5 of partition 0 are gone from the broker" in caplog.text


def test_a_topic_that_begins_anew_is_read_from_its_beginning(caplog):
    one, (first, second, third) = partition(position=500), runs_of(3).values()
    take(one, 500, request_of(first[:1]))
    assert take(one, 0, request_of(second[:1])).missed == -501
    assert one.position == 0
    take(one, 1, request_of(third))
    take(one, 2, request_of(second[1:]))
    assert one.position == 0


def test_a_message_that_breaks_what_takes_it_is_set_aside(tmp_path, monkeypatch):
    """Whatever that is: those behind it are read."""
    broker, runs = Broker(1), runs_of(3)
    for spans in runs.values():
        broker.send(0, request_of(spans))
    poison, *others = runs
    whole = receiving_runs.RemoteRuns.take

    def breaks(self, spans, size, place, sender=""):
        came = list(spans)
        if came[0].trace_id == poison:
            raise RecursionError
        return whole(self, came, size, place, sender)

    monkeypatch.setattr(receiving_runs.RemoteRuns, "take", breaks)
    one = read(broker, tmp_path)
    assert stored(tmp_path) == expected({trace_id: runs[trace_id] for trace_id in others})
    assert one.health()["positions"] == {0: 3}
    [aside] = asides(tmp_path)
    assert traces_in(PROTOBUF, aside["message"]) == {poison}
    assert len(list(records_in([(PROTOBUF, aside["message"])]))) == 1


def test_a_stream_is_read_in_whatever_pieces(tmp_path):
    broker, runs = Broker(2), runs_of(5)
    send_all(broker, runs, rng_of(11))
    read(broker, tmp_path, steps=20)
    assert stored(tmp_path) == expected(runs)


def test_what_is_beside_the_records_is_listed(tmp_path):
    broker, runs = Broker(1), runs_of(2)
    never, other = runs.values()
    broker.send(0, b"\xff poison")
    broker.send(0, request_of(never[:-1]))
    broker.time += 10_000
    for _ in range(4):
        broker.send(0, request_of(other))
    read(broker, tmp_path, patience=StreamPatience(grace=600, spill=1800, age=1e9))
    trace_id = f"{never[0].context.trace_id:032x}"
    text = said_by("collect", "--table", str(tmp_path), "--quarantine")
    assert "otlp_spans/0 at 0 - 8 bytes: is no OTLP request" in text
    assert f"{trace_id}: has not ended" in text
    told = json.loads(said_by("collect", "--table", str(tmp_path), "--quarantine", "--json"))
    assert [one["offset"] for one in told["set_aside"]] == [0]
    assert [one["trace_id"] for one in told["not_ended"]] == [trace_id]
