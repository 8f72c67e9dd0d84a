"""Ids of traces and spans: never zero, never given out twice, whichever thread or process asks."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from collectors.recording.ids import SystemIdGenerator


def test_threads_that_ask_at_once_get_ids_of_their_own():
    ids = SystemIdGenerator()
    with ThreadPoolExecutor(8) as threads:
        drawn = [
            number
            for some in threads.map(lambda _: [ids.generate_span_id() for _ in range(1_000)], range(8))
            for number in some
        ]
    assert len(set(drawn)) == 8_000
    assert 0 < min(drawn) <= max(drawn) < 2**64


def test_the_id_of_a_trace_has_twice_as_many_bits():
    ids = SystemIdGenerator()
    assert 2**100 < max(ids.generate_trace_id() for _ in range(100)) < 2**128


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_draws_ids_of_its_own():
    ids = SystemIdGenerator()
    ids.generate_span_id()
    receiving, sending = os.pipe()
    if (child := os.fork()) == 0:
        os.write(sending, b"".join(ids.generate_span_id().to_bytes(8) for _ in range(100)))
        os._exit(0)
    told = os.read(receiving, 800)
    os.waitpid(child, 0)
    of_child = {told[at : at + 8] for at in range(0, len(told), 8)}
    assert len(of_child) == 100
    assert of_child.isdisjoint(ids.generate_span_id().to_bytes(8) for _ in range(1_000))
