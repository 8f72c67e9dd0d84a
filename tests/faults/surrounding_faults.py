"""Faults of what is around: viewers, collectors, the clock, the environment."""

from __future__ import annotations

import http.server
import logging
import os
import socket
import threading
import time
from contextlib import ExitStack
from typing import Any

from fault_stage import PATIENCE, Fault, Scene, Verdict
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from ports import a_kept_port

from collectors import Recording


class SwitchedProcessor(SpanProcessor):
    """A span processor that does something in `on_end` and `shutdown` once it is switched over."""

    def __init__(self) -> None:
        self.instead: Any = lambda: None

    def on_end(self, span: Any) -> None:
        self.instead()

    def shutdown(self) -> None:
        self.instead()


class SwitchedExporter(SpanExporter):
    """An exporter that does something in `export` once it is switched over."""

    def __init__(self) -> None:
        self.instead: Any = lambda: None

    def export(self, spans: Any) -> Any:
        self.instead()


class ProcessorRaises(Fault):
    name = "a span processor raises"

    def start(self, scene: Scene) -> Recording:
        recording = super().start(scene)
        self.viewer = SwitchedProcessor()
        recording.provider.add_span_processor(self.viewer)
        return recording

    def strike(self, scene: Scene, scope: Any) -> None:
        self.viewer.instead = self.go_wrong

    def go_wrong(self) -> None:
        raise RuntimeError("a viewer's own mistake")

    def lift(self, scene: Scene) -> None:
        self.viewer.instead = lambda: None


class ProcessorExits(ProcessorRaises):
    name = "a span processor calls sys.exit"

    def go_wrong(self) -> None:
        raise SystemExit(1)


class ProcessorHangs(ProcessorRaises):
    name = "a span processor hangs"

    def __init__(self) -> None:
        self.gate = threading.Event()

    def go_wrong(self) -> None:
        assert self.gate.wait(PATIENCE)

    def lift(self, scene: Scene) -> None:
        # The record does not wait for a viewer; only then may the viewer go on.
        if scene.moment != "during close":
            assert scene.recording.flush(PATIENCE)
        super().lift(scene)
        self.gate.set()


class ExporterRaises(ProcessorRaises):
    name = "a span exporter raises"

    def start(self, scene: Scene) -> Recording:
        recording = Fault.start(self, scene)
        self.viewer = SwitchedExporter()
        recording.provider.add_span_processor(SimpleSpanProcessor(self.viewer))
        return recording


class ExporterHangs(ExporterRaises, ProcessorHangs):
    name = "a span exporter hangs"


class CollectorRefuses(Fault):
    """An exporter as it is used in earnest, to a port where nobody listens."""

    name = "the collector refuses connections"
    moments = ("before the run",)

    def start(self, scene: Scene) -> Recording:
        recording = super().start(scene)
        exporter = OTLPSpanExporter(f"http://127.0.0.1:{self.port()}/v1/traces", timeout=1)
        recording.provider.add_span_processor(BatchSpanProcessor(exporter))
        return recording

    def port(self) -> int:
        return self.kept.enter_context(a_kept_port())

    def play(self, scene: Scene) -> Verdict:
        with ExitStack() as self.kept:
            return super().play(scene)


class CollectorNeverAnswers(CollectorRefuses):
    name = "the collector never answers"

    def port(self) -> int:
        self.listener = socket.create_server(("127.0.0.1", 0))
        return self.listener.getsockname()[1]

    def play(self, scene: Scene) -> Verdict:
        try:
            return super().play(scene)
        finally:
            self.listener.close()


class CollectorIsOverloaded(CollectorRefuses):
    name = "the collector answers 503"

    def port(self) -> int:
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Unavailable)
        threading.Thread(target=self.server.serve_forever, name="collector").start()
        return self.server.server_address[1]

    def play(self, scene: Scene) -> Verdict:
        try:
            return super().play(scene)
        finally:
            self.server.shutdown()
            self.server.server_close()


class Unavailable(http.server.BaseHTTPRequestHandler):
    """A server that has no time."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(503)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class LoggingRaises(Fault):
    """A handler of the application raises, just when there is something to tell."""

    name = "a logging handler raises"

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("a handler's own mistake")

    def strike(self, scene: Scene, scope: Any) -> None:
        self.handler = self.Handler()
        logging.getLogger().addHandler(self.handler)
        if scope is not None:
            scope.item("output_image", media=object())
        scene.recording.troubles.report("a new kind", "of trouble")

    def lift(self, scene: Scene) -> None:
        logging.getLogger().removeHandler(self.handler)


class ClockJumps(Fault):
    seconds = 0

    def strike(self, scene: Scene, scope: Any) -> None:
        self.real = time.time_ns
        time.time_ns = lambda: self.real() + self.seconds * 10**9

    def lift(self, scene: Scene) -> None:
        time.time_ns = self.real

    def play(self, scene: Scene) -> Verdict:
        verdict = super().play(scene)
        moments = [item.timestamp for item in verdict.record.items]
        assert moments == sorted(moments)
        assert all(span.execution_time >= 0 for span in verdict.record.spans)
        return verdict


class ClockStepsBack(ClockJumps):
    name = "the clock steps back by an hour"
    seconds = -3600


class ClockLeaps(ClockJumps):
    name = "the clock leaps ahead by a year"
    seconds = 365 * 86400


HOSTILE = {
    "OTEL_SDK_DISABLED": "true",
    "OTEL_TRACES_SAMPLER": "always_off",
    "OTEL_TRACES_EXPORTER": "no_such_exporter",
    "OTEL_PROPAGATORS": "no_such_propagator",
    "OTEL_ATTRIBUTE_COUNT_LIMIT": "1",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "1",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "1",
    "OTEL_SPAN_EVENT_COUNT_LIMIT": "1",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "1",
    "OTEL_SPAN_LINK_COUNT_LIMIT": "0",
    "OTEL_RESOURCE_ATTRIBUTES": "=,=;broken",
    "OTEL_SERVICE_NAME": "",
    "OTEL_BSP_MAX_QUEUE_SIZE": "nonsense",
}


class EnvironmentTurnsHostile(Fault):
    name = "the environment switches tracing off"

    def strike(self, scene: Scene, scope: Any) -> None:
        os.environ.update(HOSTILE)

    def lift(self, scene: Scene) -> None:
        for name in HOSTILE:
            os.environ.pop(name)


FAULTS = (
    *(ProcessorRaises, ProcessorExits, ProcessorHangs, ExporterRaises, ExporterHangs),
    *(LoggingRaises, CollectorRefuses, CollectorNeverAnswers, CollectorIsOverloaded),
    *(ClockStepsBack, ClockLeaps, EnvironmentTurnsHostile),
)
