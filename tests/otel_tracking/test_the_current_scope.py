"""Code that nobody hands a scope to finds the one around it, in helper threads and late streams too."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from builders import items_of
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking import ExecutionTracker, ItemType, capture, carried, carried_steps, current_scope
from otel_tracking.ambient import is_nowhere


def log(text):
    """What code deep inside does, which was handed nothing."""
    current_scope().item(ItemType.RESEARCH_LOOKUP, content=text)


@pytest.fixture
def tracker():
    return ExecutionTracker(ambient=True)


def test_the_innermost_block_is_current_and_the_one_around_it_again(tracker):
    assert is_nowhere(current_scope())
    with tracker.execution("dada") as run:
        assert current_scope() is run
        with run.stage(2) as stage:
            with stage.iteration(1) as hop, hop.backend_call("ollama") as call:
                assert current_scope() is call
            assert current_scope() is stage
    assert is_nowhere(current_scope())


def test_of_a_tracker_that_is_not_ambient_nothing_is_current():
    with ExecutionTracker().execution("dada") as run, run.stage(1):
        assert is_nowhere(current_scope())


def test_where_no_run_is_everything_goes_well():
    log("nobody hears it")
    with current_scope().stage(2) as stage, stage.backend_call("ollama") as call:
        call.passed({"prompt": "Blume"})


def in_a_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def in_an_executor(function):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(function).result()


def in_a_loop_of_its_own(function):
    async def work():
        await asyncio.get_running_loop().run_in_executor(None, function)
        await asyncio.create_task(asyncio.to_thread(function))

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()


@pytest.mark.parametrize("elsewhere", [in_a_thread, in_an_executor, in_a_loop_of_its_own])
def test_helpers_find_it_when_it_is_carried_or_capture_is_installed(tracker, elsewhere):
    found = []

    def look():
        found.append(current_scope())

    with tracker.execution("dada") as run, run.stage(2) as stage:
        elsewhere(look)
        assert all(map(is_nowhere, found))
        found.clear()
        elsewhere(carried(look))
        assert set(found) <= {stage}
        capture.install()
        try:
            found.clear()
            elsewhere(look)
            assert set(found) == {stage}
        finally:
            capture.uninstall()


def test_a_helper_of_a_generator_s_block_finds_it_while_the_generator_waits(tracker):
    found = []

    def stream():
        with tracker.execution("dada") as run, run.stage(2) as stage:
            look = carried(lambda: found.append(current_scope() is stage))
            yield look
            yield stage

    steps = stream()
    look = next(steps)
    assert is_nowhere(current_scope())
    in_a_thread(look)
    assert found == [True]
    steps.close()
    in_a_thread(look)
    assert found == [True, False], "the stage is over"


def test_a_helper_thread_of_a_loop_in_a_generator_finds_it(tracker):
    """`asyncio.to_thread` copies the context, in which a block of a generator holds for that generator alone."""

    def stream():
        with tracker.execution("dada") as run:
            yield asyncio.run(asyncio.to_thread(current_scope)) is run

    capture.install()
    try:
        assert list(stream()) == [True]
    finally:
        capture.uninstall()


def test_a_stream_that_a_web_server_reads_later_is_made_where_it_was_begun(tracker):
    """As `Response(carried_steps(events()))` of a view, for server-sent events or a WSGI body."""
    ended = []

    def events():
        try:
            for number in range(3):
                yield number, current_scope()
        finally:
            ended.append(current_scope())

    with tracker.execution("dada") as run:
        body = carried_steps(events())
        early = carried_steps(events())
        found = contextvars.Context().run(list, body)
        next(early)
        early.close()
    assert found == [(0, run), (1, run), (2, run)]
    assert ended == [run, run]


programs = st.lists(st.sampled_from(["here", "thread", "pool", "task", "generator"]), min_size=1, max_size=5)


@given(st.lists(programs, min_size=2, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_two_runs_never_mix(plans, draw):
    """Runs that stop and go on in any order, each handing work to whatever helper."""
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording, ThreadPoolExecutor(2) as pool:
        tracker = recording.tracker(ambient=True)
        ways = {
            "here": lambda work: work(),
            "thread": lambda work: in_a_thread(carried(work)),
            "pool": lambda work: pool.submit(carried(work)).result(),
            "task": lambda work: asyncio.run(asyncio.to_thread(carried(work))),
            "generator": lambda work: list(carried_steps(work() for _ in range(1))),
        }
        ids = {}

        def pipeline(name, plan):
            with tracker.execution(name) as run:
                ids[name] = run.trace_id
                for number, way in enumerate(plan, start=1):
                    with run.stage(2) as stage, stage.iteration(number):
                        yield
                        ways[way](lambda: log(name))
                        yield

        waiting = [pipeline(f"run {number}", plan) for number, plan in enumerate(plans)]
        while waiting:
            one = draw.choice(waiting)
            if next(one, "over") == "over":
                waiting.remove(one)
            assert is_nowhere(current_scope())
    records = sink.latest()
    for number, plan in enumerate(plans):
        items = items_of(records[ids[f"run {number}"]], ItemType.RESEARCH_LOOKUP)
        assert [(item.content, item.stage_iteration) for item in items] == [
            (f"run {number}", hop) for hop in range(1, len(plan) + 1)
        ]
