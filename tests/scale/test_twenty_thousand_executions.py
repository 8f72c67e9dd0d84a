"""Many executions through real parts that are killed: the table has each exactly once, item for item."""

import os
import random
import time

import parts
from programme_stage import compare, listed, produce, until_stored
from real_servers import built

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
        lists = [tmp_path / f"sent{number}" for number in range(PRODUCERS)]
        for number, to in enumerate(lists):
            producers.append(produce(gateway.endpoint, COUNT // PRODUCERS, SEED * 100 + number, to))
        kill_at_random(everything, producers, rng)
        assert [process.wait() for process in producers] == [0] * PRODUCERS
        expected = listed(*lists)
        until_stored(expected, TABLE, workers, store.options, PATIENCE)
        for one in workers:
            one.end()
        report(everything, expected, time.monotonic() - began)
        late = compare(expected, TABLE, store.options)
        print(f"each is in the table once and equal, item for item; {late} came late and have a later revision")
    finally:
        for process in (*producers, *(part.process for part in everything if part.process)):
            process.kill()
            process.wait()


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


def report(everything, expected, seconds):
    """What happened, for whoever reads the output."""
    kills = ", ".join(f"{part.name} {part.kills}" for part in everything)
    items = sum(count for _, count in expected.values())
    print(f"\n{len(expected):,} executions, {items:,} items, {PRODUCERS} producers, {seconds:.0f} s")
    print(f"killed {sum(part.kills for part in everything)} times: {kills}")
