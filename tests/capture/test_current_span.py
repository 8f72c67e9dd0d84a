"""Inside a backend call its span is the current one: what others trace there lies below it, and nowhere else."""

import asyncio
import contextlib
import contextvars
import gc
import logging
import threading

import httpx
import httpx2
import pytest
import requests
from builders import record_of
from capture_stage import every_client, span_of
from opentelemetry import context, trace
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking import ExecutionTracker


class Others:
    """Somebody else's tracing: its provider and the spans it finished."""

    def __init__(self):
        self.provider, self._exporter = TracerProvider(), InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self.provider.get_tracer("others")

    @property
    def spans(self):
        return self._exporter.get_finished_spans()


@pytest.fixture
def others():
    return Others()


@pytest.fixture
def instrumented(others):
    """httpx, httpx2 and requests under the instrumentation that most people install."""
    instrumentors = [HTTPXClientInstrumentor(), HTTPX2ClientInstrumentor(), RequestsInstrumentor()]
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=others.provider)
    yield others
    for instrumentor in instrumentors:
        instrumentor.uninstrument()


def current_span_id():
    return f"{trace.get_current_span().get_span_context().span_id:016x}"


NOTHING = "0" * 16


def with_call(pipeline, **options):
    """`pipeline(open_call)` in a stage of a run that is recorded."""

    def run_it(run):
        with run.stage(2) as stage:
            pipeline(lambda name="a": stage.backend_call("ollama", model=name, **options))

    return record_of(run_it)


@every_client
def test_the_recorded_trace_is_the_one_that_left_under_an_instrumented_client(fetch, backend, instrumented):
    """Another tracer's HTTP span lies below the call, and its `traceparent` is what is recorded, as it left."""
    for _ in range(2):  # a body is kept otherwise when its names are known
        span = span_of(lambda call: fetch(call, "POST", backend.url, json={"seed": 7}))
        sent = backend.last.header("traceparent")
        assert span.passed["headers"]["traceparent"] == sent
        theirs = instrumented.spans[-1]
        assert sent.split("-")[1:3] == [f"{theirs.context.trace_id:032x}", f"{theirs.context.span_id:016x}"]
        assert f"{theirs.parent.span_id:016x}" == span.span_id


def test_the_same_holds_for_httpx2(backend, instrumented):
    def pipeline(call):
        with httpx2.Client(transport=call.transport()) as client:
            client.post(backend.url, json={"seed": 7})

    span = span_of(pipeline)
    assert span.passed["headers"]["traceparent"] == backend.last.header("traceparent")


def test_headers_that_an_inner_transport_adds_are_recorded_without_their_secrets(backend):
    class Adding(httpx.HTTPTransport):
        def handle_request(self, request):
            request.headers["authorization"] = "Bearer 0123456789abcdef"
            request.headers["x-added"] = "yes"
            return super().handle_request(request)

    def pipeline(call):
        httpx.Client(transport=call.transport(Adding())).post(backend.url, json={})

    headers = span_of(pipeline).passed["headers"]
    assert (headers["x-added"], headers["authorization"]) == ("yes", "[removed: authorization]")


def test_the_span_is_current_inside_the_block_and_nowhere_else():
    def pipeline(open_call):
        assert current_span_id() == NOTHING
        with open_call() as a:
            assert current_span_id() == a.span_id
            with open_call("b") as b:
                assert current_span_id() == b.span_id
            assert current_span_id() == a.span_id
        assert current_span_id() == NOTHING

    with_call(pipeline)


def test_who_does_not_want_that_says_so():
    def pipeline(open_call):
        with open_call():
            assert current_span_id() == NOTHING

    with_call(pipeline, current=False)


def test_an_exception_leaves_the_block_like_any_other():
    def pipeline(open_call):
        with pytest.raises(KeyError), open_call():
            raise KeyError
        assert current_span_id() == NOTHING

    with_call(pipeline)


def test_a_call_that_nobody_traces_hides_no_span_of_others(others):
    """Without a provider the call has no span: the one around it stays the current one."""
    run = ExecutionTracker().execution("dada")
    with others.tracer.start_as_current_span("request") as request, run.stage(2).backend_call("ollama"):
        assert trace.get_current_span() is request


def test_spans_and_values_of_others_are_as_ever_inside(others):
    def pipeline(open_call):
        token = context.attach(context.set_value("colour", "blue"))
        with open_call() as call:
            assert context.get_value("colour") == "blue"
            with others.tracer.start_as_current_span("inside") as span:
                assert span.parent.span_id == int(call.span_id, 16)
                assert trace.get_current_span() is span
                assert context.get_value("colour") == "blue"
            assert current_span_id() == call.span_id
        context.detach(token)
        assert context.get_value("colour") is None

    with_call(pipeline)


def test_a_suspended_generator_leaves_its_span_to_nobody(others, caplog):
    """Between two values the caller is outside; a generator that is closed elsewhere detaches nothing of others."""

    def pipeline(open_call):
        def pieces():
            with open_call("inside") as call:
                yield current_span_id() == call.span_id
                yield current_span_id() == call.span_id

        with others.tracer.start_as_current_span("request") as request:
            stream = pieces()
            assert next(stream)
            assert trace.get_current_span() is request
            assert others.tracer.start_span("beside").parent.span_id == request.context.span_id
            assert next(stream)
            contextvars.Context().run(stream.close)
            assert trace.get_current_span() is request
        assert current_span_id() == NOTHING

    with caplog.at_level(logging.WARNING):
        with_call(pipeline)
        gc.collect()
    assert not caplog.records


def test_generators_that_take_turns_have_each_their_own_span():
    def pipeline(open_call):
        def pieces(name):
            with open_call(name) as call:
                for _ in range(3):
                    yield current_span_id() == call.span_id

        assert all(a and b for a, b in zip(pieces("a"), pieces("b"), strict=True))
        assert current_span_id() == NOTHING

    with_call(pipeline)


def test_a_context_manager_made_of_a_generator_stands_for_the_block_that_uses_it():
    def pipeline(open_call):
        @contextlib.contextmanager
        def asking():
            with open_call() as call:
                yield call

        with asking() as call:
            assert current_span_id() == call.span_id
        with contextlib.ExitStack() as stack:
            call = stack.enter_context(open_call())
            assert current_span_id() == call.span_id
        assert current_span_id() == NOTHING

    with_call(pipeline)


def test_tasks_have_the_span_of_the_block_they_were_begun_in_and_never_each_others(caplog):
    def pipeline(open_call):
        async def work(name):
            with open_call(name) as call:
                seen = []
                for _ in range(5):
                    await asyncio.sleep(0)
                    seen.append(current_span_id() == call.span_id)
                seen.append(await asyncio.to_thread(current_span_id) == call.span_id)
                seen.append(await asyncio.create_task(told()) == call.span_id)
                return all(seen)

        async def told():
            return current_span_id()

        async def pieces(name):
            with open_call(name) as call:
                for _ in range(3):
                    yield current_span_id() == call.span_id

        async def everything():
            assert all(await asyncio.gather(*map(work, "abcdefgh")))
            with open_call("outside") as call:
                async for inside in pieces("inside"):
                    assert inside
                    assert current_span_id() == call.span_id
            broken = pieces("broken off")
            assert await anext(broken)
            assert current_span_id() == NOTHING
            await asyncio.create_task(broken.aclose())
            assert current_span_id() == NOTHING

        asyncio.run(everything())

    with caplog.at_level(logging.WARNING):
        with_call(pipeline)
    assert not caplog.records


def test_a_task_that_outlives_the_block_is_in_it_no_longer():
    def pipeline(open_call):
        async def outlive():
            over = asyncio.Event()

            async def wait():
                await over.wait()
                return current_span_id()

            with open_call():
                task = asyncio.create_task(wait())
                await asyncio.sleep(0)
            over.set()
            assert await task == NOTHING

        asyncio.run(outlive())

    with_call(pipeline)


def test_a_thread_has_the_span_only_where_it_runs_in_a_copied_context():
    def pipeline(open_call):
        seen = {}
        with open_call() as call:
            for name, work in {"copied": contextvars.copy_context().run, "bare": lambda ask: ask()}.items():
                thread = threading.Thread(target=lambda: seen.update({name: work(current_span_id)}))  # noqa: B023
                thread.start()
                thread.join()
            assert seen == {"copied": call.span_id, "bare": NOTHING}

    with_call(pipeline)


def run_with(**options):
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording, recording.tracker().execution("dada", **options) as run:
        pass
    return sink.latest()[run.trace_id]


def test_a_run_inside_of_another_trace_is_its_own_root_and_says_where_it_was(others):
    with others.tracer.start_as_current_span("GET /run") as request:
        record = run_with()
    [link] = record.links
    assert link["trace_id"] == f"{request.context.trace_id:032x}" != record.trace_id
    assert link["span_id"] == f"{request.context.span_id:016x}"
    assert record.spans[0].parent_span_id is None


def test_a_link_that_was_given_is_not_given_twice(others):
    with others.tracer.start_as_current_span("GET /run") as request:
        record = run_with(links=[request.context])
    assert len(record.links) == 1


def test_the_session_of_an_instrumented_requests_is_told_the_trace_once(backend, instrumented):
    def pipeline(call):
        session = requests.Session()
        session.mount("http://", call.adapter())
        session.post(backend.url, json={})

    span_of(pipeline)
    assert [name for name, _ in backend.last.headers if name.lower() == "traceparent"] == ["traceparent"]
