"""A DevServer of a programme: runs, sent one by one until they are taken; and its own list of what it had recorded.

python producer.py ENDPOINT COUNT SEED LIST      LIST gets a line for each run: trace id, and the sha256 of its record
"""

import hashlib
import json
import random
import sys
import time
from pathlib import Path

import httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import SpanProcessor

from collectors import start_recording
from collectors.building.record import build_record
from collectors.receiving.sorting import sort
from collectors.spans.of_otlp import batches_of_protobuf
from otel_tracking import ItemType, canonical


class Keeping(SpanProcessor):
    """Has the spans of the run that has just ended."""

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        self.spans.append(span)


def one_run(tracker, rng):
    """A run of some hops; one in twenty with a graph of 100 KB, one in thirty blocked."""
    with tracker.execution("stillepost", user_id=f"user-{rng.randrange(500)}", safety_level="kids") as run:
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content=f"Eine blaue Blume {rng.random()}\x00\udc80 = 🌼")
            if rng.random() < 1 / 30:
                stage.item(ItemType.STAGE1_BLOCKED, content="no", metadata={"codes": ["§86a"], "score": float("nan")})
                return
        with run.stage(2) as stage:
            for number in range(1, rng.randint(2, 6)):
                with stage.iteration(number) as iteration:
                    graph = {"nodes": ["x" * 1000] * 100} if rng.random() < 1 / 20 else {}
                    seen = {"seed": rng.randrange(2**64), "temperature": rng.random(), **graph}
                    iteration.item(ItemType.INTERCEPTION_ITERATION, content=f"hop {number}", metadata=seen)


def send(client, endpoint, body):
    """Send until it is taken."""
    while True:
        try:
            if client.post(endpoint, content=body, headers={"content-type": "application/x-protobuf"}).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)


def recorded(spans):
    """The record that these spans make here."""
    [found] = sort(batches_of_protobuf(encode_spans(spans).SerializeToString()), lambda _: False).ours.values()
    return build_record(found)


def digest(record):
    """The sha256 of all that a record says, but for how it came: in one piece or in several, early or late."""
    said = record.to_dict() | dict.fromkeys(("revision", "finish_reason", "late_spans"))
    return hashlib.sha256(canonical.dumps(said).encode("utf-8", "surrogatepass")).hexdigest()


def pieces_of(spans, rng):
    """The requests of a run: one, or now and then two, the root in the last."""
    cut = rng.randrange(1, len(spans)) if len(spans) > 1 and rng.random() < 0.3 else 0
    return [encode_spans(part).SerializeToString() for part in (spans[:cut], spans[cut:]) if part]


class Listing:
    """A sink that lists what was recorded."""

    def __init__(self, file):
        self.file = file

    def write(self, record):
        self.file.write(json.dumps([record.trace_id, digest(record), len(record.items)]) + "\n")

    def close(self):
        self.file.flush()


def by_outbox(endpoint, count, rng, path, file):
    """As a DevServer sends: by its outbox, until all is taken."""
    where = {"research_endpoint": endpoint, "outbox": f"{path}.outbox"}
    with start_recording([Listing(file)], journal=False, **where) as recording:
        for number in range(count):
            one_run(recording.tracker(), rng)
            if number % 20 == 19:  # records are kept as fast as they are made
                assert recording.flush(timeout=600)
        assert recording.flush(timeout=600)
        while (health := recording.health()["outbox"])["waiting"]:
            time.sleep(0.1)
    assert (health["refused"], health["dropped"]) == (0, 0), health


def in_pieces(endpoint, count, rng, file):
    """As a pipeline sends that has no outbox: now and then a run in two requests."""
    kept = Keeping()
    with start_recording(journal=False) as recording, httpx.Client(timeout=30) as client:
        recording.provider.add_span_processor(kept)
        for _ in range(count):
            one_run(recording.tracker(), rng)
            recording.provider.force_flush(30_000)
            spans, kept.spans = kept.spans, []
            Listing(file).write(recorded(spans))
            for body in pieces_of(spans, rng):
                send(client, endpoint, body)


def main(endpoint, count, seed, path):
    """Those of an even seed have an outbox."""
    rng = random.Random(int(seed))
    with Path(path).open("w") as file:
        if int(seed) % 2:
            in_pieces(endpoint, int(count), rng, file)
        else:
            by_outbox(endpoint, int(count), rng, path, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
