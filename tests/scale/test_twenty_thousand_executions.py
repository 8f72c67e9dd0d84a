"""Many executions through real parts that are killed: the table has each exactly once, item for item."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import parts
from producer import digest
from real_servers import built

from exporters.delta.reading import known_runs, read_known
from exporters.delta.tables import DeltaStore

COUNT = int(os.environ.get("OTEL_TRACKING_SCALE_RUNS", "20000"))
KILLS = int(os.environ.get("OTEL_TRACKING_SCALE_KILLS", "32"))
SEED = int(os.environ.get("OTEL_TRACKING_SCALE_SEED", "1"))
PRODUCERS = 8
PATIENCE = 900
TABLE = "s3://research/executions"


def test_each_execution_is_stored_exactly_once(tmp_path):
    rng, began = random.Random(SEED), time.monotonic()
    broker = parts.kafka(built("get_kafka.sh"), tmp_path / "kafka", partitions=4)
    store = parts.s3(built("build_versitygw.sh"), tmp_path / "s3")
    gateway = parts.gateway(built("build_collector.sh"), tmp_path / "gateway", broker.address)
    workers = [parts.worker(number, tmp_path, broker.address, TABLE, store.options) for number in (1, 2)]
    everything = [broker, store, gateway, *workers]
    producers = []
    try:
        for part in everything:
            part.start()
            if part.port:
                part.wait()
        producers = [produce(number, gateway.endpoint, tmp_path) for number in range(PRODUCERS)]
        kill_at_random(everything, producers, rng)
        expected = expected_of(tmp_path, producers)
        wait_for(len(expected), store.options, time.monotonic() + PATIENCE)
        for one in workers:
            one.end()
        report(everything, expected, time.monotonic() - began)
        late = compare(expected, store.options)
        print(f"each is in the table once and equal, item for item; {late} came late and have a later revision")
    finally:
        for process in (*producers, *(part.process for part in everything if part.process)):
            process.kill()
            process.wait()


def produce(number, endpoint, directory):
    """A producer, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("producer.py")), endpoint, str(COUNT // PRODUCERS)]
    return subprocess.Popen(
        [*command, str(SEED * 100 + number), str(directory / f"sent{number}")],
        cwd=parts.ROOT,
        env=os.environ | {"PYTHONPATH": str(parts.ROOT)},
    )


def kill_at_random(everything, producers, rng):
    """Kill one part after another, at random moments, for as long as is sent, and at least as often as was agreed."""
    while sum(part.kills for part in everything) < KILLS or any(process.poll() is None for process in producers):
        time.sleep(rng.uniform(0.5, 6))
        victim = rng.choice(everything)
        victim.kill()
        time.sleep(rng.uniform(0, 3))
        victim.start()
        if victim.port:
            victim.wait()
        assert not any(process.poll() for process in producers), "a producer has failed"


def expected_of(directory, producers):
    """The producers' own lists: the sha256 of each record, and how many items it has, by trace id."""
    assert [process.wait() for process in producers] == [0] * PRODUCERS
    lines = (line for number in range(PRODUCERS) for line in (directory / f"sent{number}").read_text().splitlines())
    return {trace_id: (sha256, items) for trace_id, sha256, items in map(json.loads, lines)}


def wait_for(count, options, until):
    """Until the table has that many runs, or time is up."""
    executions = None
    while time.monotonic() < until:
        time.sleep(2)
        executions = DeltaStore(TABLE, options).open("executions")
        if len(set(executions.to_pyarrow_dataset().to_table(columns=["trace_id"])["trace_id"].to_pylist())) >= count:
            return


def compare(expected, options):
    """Run by run, and item by item; how many runs have come in more than one revision."""
    store = DeltaStore(TABLE, options)
    executions = store.open("executions")
    rows = executions.to_pyarrow_dataset().to_table(columns=["trace_id", "revision"]).to_pylist()
    keys = Counter((row["trace_id"], row["revision"]) for row in rows)
    assert set(keys.values()) == {1}, [key for key, count in keys.items() if count > 1]
    assert {trace_id for trace_id, _ in keys} == set(expected)
    seen = 0
    for record in read_known(store, executions, known_runs(executions, None).values()):
        assert (digest(record), len(record.items)) == expected[record.trace_id], record.execution_id
        seen += len(record.items)
    assert seen == sum(items for _, items in expected.values())
    return len(rows) - len(expected)


def report(everything, expected, seconds):
    """What happened, for whoever reads the output."""
    kills = ", ".join(f"{part.name} {part.kills}" for part in everything)
    items = sum(count for _, count in expected.values())
    print(f"\n{len(expected):,} executions, {items:,} items, {PRODUCERS} producers, {seconds:.0f} s")
    print(f"killed {sum(part.kills for part in everything)} times: {kills}")
