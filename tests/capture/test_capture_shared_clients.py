"""A client that many calls share records on the call whose block the request is made in, and on no other."""

import asyncio
import contextvars
import gc
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import requests
from builders import record_of

from otel_tracking.capture import AsyncCapturingTransport, CapturingAdapter, CapturingTransport
from otel_tracking.capture.current import current_call


def calls_of(pipeline):
    """What each backend call passed, by the call's model."""

    def run_it(run):
        with run.stage(2) as stage:
            pipeline(lambda name: stage.backend_call("ollama", model=name))

    spans = [span for span in record_of(run_it).spans if span.kind == "client"]
    return {span.model_used: span.passed and span.passed["body"] for span in spans}


def test_without_a_current_call_a_shared_client_only_passes_on(backend):
    def pipeline(open_call):
        client = httpx.Client(transport=CapturingTransport())
        with open_call("a"):
            assert client.post(backend.url, json={"for": "nobody"}).json() == {"ok": True}

    assert calls_of(pipeline) == {"a": None}


def test_blocks_inside_blocks_and_one_after_the_other(backend):
    client = httpx.Client(transport=CapturingTransport())

    def pipeline(open_call):
        with open_call("a") as a, open_call("b") as b, open_call("c") as c:
            with a.current():
                with b.current():
                    client.post(backend.url, json={"for": "b"})
                client.post(backend.url, json={"for": "a"})
            with c.current():
                client.post(backend.url, json={"for": "c"})
            client.post(backend.url, json={"for": "nobody"})

    assert calls_of(pipeline) == {name: {"for": name} for name in "abc"}
    assert current_call() is None


def test_threads_of_a_pool_never_mix_their_calls(backend):
    session = requests.Session()
    session.mount("http://", CapturingAdapter())

    def pipeline(open_call):
        def work(name):
            with open_call(name) as call, call.current():
                session.post(backend.url, json={"for": name})
            return current_call()

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(work, "abcdefgh")) == {None}

    assert calls_of(pipeline) == {name: {"for": name} for name in "abcdefgh"}


def test_a_thread_has_the_current_call_only_where_it_runs_in_a_copied_context():
    def pipeline(open_call):
        with open_call("a") as call, ThreadPoolExecutor(1) as pool, call.current():
            assert pool.submit(current_call).result() is None
            assert pool.submit(contextvars.copy_context().run, current_call).result() is call

    calls_of(pipeline)


def test_tasks_have_the_call_they_were_begun_in(backend):
    async def work(open_call):
        async with httpx.AsyncClient(transport=AsyncCapturingTransport()) as client:

            async def ask(name):
                with open_call(name) as call, call.current():
                    await asyncio.sleep(0)
                    await asyncio.gather(client.post(backend.url, json={"for": name}))

            await asyncio.gather(*map(ask, "abcdef"))

    assert calls_of(lambda open_call: asyncio.run(work(open_call))) == {name: {"for": name} for name in "abcdef"}


def test_a_generator_that_is_suspended_in_the_block_does_not_make_its_call_current(backend):
    client = httpx.Client(transport=CapturingTransport())

    def pipeline(open_call):
        def hops():
            with open_call("inside") as call, call.current():
                yield current_call() is call
                client.post(backend.url, json={"for": "inside"})
                yield current_call() is call

        with open_call("outside") as outside, outside.current():
            for mine in hops():
                assert mine
                assert current_call() is outside
            client.post(backend.url, json={"for": "outside"})
        assert current_call() is None

    assert calls_of(pipeline) == {"inside": {"for": "inside"}, "outside": {"for": "outside"}}


@pytest.mark.parametrize("how", ["closed in a thread", "closed in another context", "dropped"])
def test_a_generator_that_is_closed_elsewhere_leaves_no_call_behind(how):
    def pipeline(open_call):
        def hops():
            with open_call("a") as call, call.current():
                yield call

        generator = hops()
        next(generator)
        if how == "closed in a thread":
            with ThreadPoolExecutor(1) as pool:
                pool.submit(generator.close).result()
        elif how == "closed in another context":
            contextvars.Context().run(generator.close)
        else:
            del generator
            gc.collect()
        assert current_call() is None
        with open_call("b") as after:
            with after.current():
                assert current_call() is after
            assert current_call() is None

    calls_of(pipeline)


def test_an_async_generator_between_two_steps_is_not_current():
    async def work(open_call):
        async def hops():
            with open_call("a") as call, call.current():
                yield current_call() is call
                await asyncio.sleep(0)
                yield current_call() is call

        async for mine in hops():
            assert mine
            assert current_call() is None

    calls_of(lambda open_call: asyncio.run(work(open_call)))
