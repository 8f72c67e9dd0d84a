"""Who is compared: our recording, our tracker on a no-op provider, and the raw SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.trace import NoOpTracerProvider

from benchmarks import workloads
from collectors import Recording, start_recording
from collectors.testing import RememberingSink
from otel_tracking import ExecutionTracker


class Contender(NamedTuple):
    """A way of tracing: one run of a workload, and what happens between runs (outside the measured time)."""

    name: str
    run: Callable[[bool], None]
    between: Callable[[], None]


class LastSpans(SpanProcessor):
    """Keeps what the raw SDK hands over, as cheaply as can be."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class ForgetfulSink(RememberingSink):
    """Takes records and forgets them: the benchmark of the pipeline's thread is not one of disks."""

    def write(self, record: object) -> None:
        """Forget it."""


def raw_provider(processor: SpanProcessor) -> TracerProvider:
    """The SDK without limits, as a careful user would set it up."""
    provider = TracerProvider(span_limits=SpanLimits(*[SpanLimits.UNSET] * 8), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


@contextmanager
def contenders() -> Iterator[tuple[list[Contender], Recording]]:
    """All of them, set up in one process."""
    last = LastSpans()
    tracer = raw_provider(last).get_tracer("raw")
    with start_recording([ForgetfulSink()]) as recording:
        tracker, idle = recording.tracker(), ExecutionTracker(NoOpTracerProvider(), emit=lambda span, frame: None)
        yield (
            [
                Contender("raw SDK", lambda calls: workloads.raw(tracer, calls=calls), last.spans.clear),
                Contender(
                    "raw, one orjson attribute",
                    lambda calls: workloads.raw(tracer, calls=calls, one_attribute=True),
                    last.spans.clear,
                ),
                Contender("ours", lambda calls: workloads.ours(tracker, calls=calls), lambda: flush(recording)),
                Contender("ours, no-op provider", lambda calls: workloads.ours(idle, calls=calls), lambda: None),
            ],
            recording,
        )


def flush(recording: Recording) -> None:
    """Wait for the background work, so that it does not run beside what is measured next."""
    recording.flush(timeout=30)
