"""Whatever happens to workers, the table holds each execution exactly once, equal to what its sender made."""

import pytest
from broker_stage import Broker, drain, expected, rng_of, runs_of, send_all, stored, worker


def test_one_worker_stores_what_was_sent(tmp_path):
    broker, runs, rng = Broker(), runs_of(12), rng_of(1)
    send_all(broker, runs, rng)
    one = worker(broker, tmp_path)
    broker.share_out()
    drain(broker, [one])
    assert stored(tmp_path) == expected(runs)
    positions = one.health()["positions"]
    assert positions == {number: len(partition) for number, partition in enumerate(broker.partitions) if partition} | {
        number: None for number, partition in enumerate(broker.partitions) if not partition
    }


@pytest.mark.parametrize("seed", range(8))
def test_workers_that_are_killed_paused_and_cut_off_lose_and_double_nothing(tmp_path, seed):
    rng, broker, runs = rng_of(seed), Broker(), runs_of(15)
    send_all(broker, runs, rng)
    workers, gone = [worker(broker, tmp_path)], []
    broker.share_out()
    for _ in range(60):
        for one in (*workers, *gone):
            if rng.random() < 0.8:
                one.step()
        happening = rng.random()
        if happening < 0.1:  # one more
            workers.append(worker(broker, tmp_path))
            broker.share_out()
        elif happening < 0.2 and len(workers) > 1:  # killed: nothing of it is left, and nothing was said
            lost = workers.pop(rng.randrange(len(workers)))
            lost._source.is_present = False
            broker.share_out()
        elif happening < 0.3 and len(workers) > 1:  # cut off: the others have its partitions, and it goes on
            zombie = workers.pop(rng.randrange(len(workers)))
            zombie._source.is_present = False
            gone.append(zombie)
            broker.share_out()
        elif happening < 0.35:
            broker.share_out()
    drain(broker, workers)
    assert stored(tmp_path) == expected(runs)
