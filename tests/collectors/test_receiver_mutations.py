"""Whatever is sent between them, good runs are stored, each once; nothing is answered with 500, and memory stays.

`OTEL_TRACKING_TEST_BODIES` says how many odd requests (2,000; 100,000 for a long look, with 1,000 good runs between).
"""

import io
import os
import random
import resource
import time
from collections import Counter

from mutations import Mutator
from receiver_stage import body_of, collecting, spans_of_runs
from wire import otlp_json

from collectors.receiving import TraceReceiver
from collectors.receiving.http import Answer
from collectors.receiving.revisions import extends
from exporters import ParquetSink, list_executions, read_records

BODIES = int(os.environ.get("OTEL_TRACKING_TEST_BODIES", "2000"))
SEED = int(os.environ.get("OTEL_TRACKING_TEST_SEED", "1"))
BETWEEN = 100
"""Odd requests for each good run."""

MOST_MEMORY = 512 * 2**20


def answer_to(receiver: TraceReceiver, content_type: str, body: bytes, address: str) -> Answer:
    """What a server would send back."""
    environ = {"PATH_INFO": "/v1/traces", "REQUEST_METHOD": "POST", "CONTENT_TYPE": content_type}
    sent = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "REMOTE_ADDR": address}
    return receiver.answer({**environ, **sent, "HTTP_HOST": "127.0.0.1"})


def send(receiver, statuses, content_type, body, address):
    """Send until it is not too busy; what was answered is counted."""
    while (answer := answer_to(receiver, content_type, body, address)).status == 503:
        time.sleep(0.001)
    statuses[answer.status] += 1
    return answer


def send_half(collector, runs, mutators, statuses, dice):
    """Good runs in one or two requests each, and odd ones before, between and after; some say they are of good runs."""
    receiver = TraceReceiver(collector)
    for number, run in enumerate(runs):
        cut = dice.randrange(len(run))
        parts = [part for part in (run[cut:], run[:cut]) if part]
        for part in parts:
            answer = send(receiver, statuses, "application/x-protobuf", body_of(part), "10.0.0.1")
            assert (answer.status, answer.body) == (200, b"")
            for _ in range(BETWEEN // len(parts)):
                mutator = dice.choice(mutators[: number + 1])
                send(receiver, statuses, *mutator.next(), dice.choice(["10.0.0.1", "10.0.0.2"]))


def mutators_of(runs, dice):
    """One for strangers' runs, and one for each good run, which sends its trace id."""
    strangers, _ = spans_of_runs(5)
    of_strangers = Mutator([body_of(run) for run in strangers], list(map(otlp_json, strangers)), dice)
    return [of_strangers, *(Mutator([body_of(run)], [otlp_json(run)], dice) for run in runs)]


def test_good_runs_are_stored_whatever_is_sent_between_them(tmp_path):
    """Each once, with everything it said; there is a restart in the middle, and nothing waits at the end."""
    dice = random.Random(SEED)
    count = max(2, BODIES // BETWEEN)
    runs, records = spans_of_runs(count)
    mutators = mutators_of(runs, dice)
    statuses: Counter[int] = Counter()
    started, before = time.monotonic(), memory()
    told: Counter[str] = Counter()
    for half in (slice(0, count // 2), slice(count // 2, count)):
        with collecting([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
            send_half(collector, runs[half], [mutators[0], *mutators[1:][half]], statuses, dice)
        health = collector.health()
        told.update({name: value for name, value in health.items() if type(value) is int})
        assert (health["waiting"], health["guarded_errors"]) == (0, {})
    print(f"\n{sum(statuses.values())} requests in {time.monotonic() - started:.0f} s: {dict(statuses)}")
    print(f"{memory() / 2**20:.0f} MiB at most, {before / 2**20:.0f} before; {dict(told)}")

    assert statuses.keys() <= {200, 400}
    assert Counter(row.trace_id for row in list_executions(tmp_path / "data")).most_common(1)[0][1] == 1
    stored = {record.trace_id: record for record in read_records(tmp_path / "data") if record.trace_id in records}
    assert stored.keys() == records.keys()
    for trace_id, own in records.items():
        assert extends(own, stored[trace_id])
    assert memory() - before < MOST_MEMORY


def memory() -> int:
    """The most that this process ever used, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
