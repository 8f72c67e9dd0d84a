"""What a program has of its recording: trackers, the live feed, health, and the end."""

from __future__ import annotations

import time
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.sdk.resources import Resource

from collectors.delivery.road import Road
from collectors.flight_recorder import FlightRecorder
from collectors.forks import watch
from collectors.recording.assembly import Assembly
from collectors.recording.live import LiveFeed
from collectors.recording.open_runs import OpenRuns
from collectors.recording.process_end import close_with_the_process
from collectors.recording.provider import RecordingTracerProvider
from collectors.recording.recovery import Recovering, RecoveryReport
from collectors.recording.span_processor import RecordingSpanProcessor
from collectors.viewers.settings import NotSent, OtlpSettings
from otel_tracking.secrets.frozen import Redactor
from otel_tracking.timings import Timings
from otel_tracking.tracker import ExecutionTracker

if TYPE_CHECKING:
    from collectors.outbox import Outbox
    from collectors.viewers.redacting import ViewerText
    from collectors.viewers.sending import OtlpOutput
    from otel_tracking.pseudonyms import Pseudonyms

COUNTS = ("records", "items", "lossy_values", "late_spans", "dropped")
"""What of the records so far `health` counts."""


class Life(Enum):
    """What a recording can be: it records, it was closed, or it is a forked child's copy of its parent's."""

    OPEN, CLOSED, INHERITED = "open", "closed", "inherited"


class Recording:
    """What `start_recording` gives: trackers, the live feed, health, and the end."""

    def __init__(
        self,
        road: Road,
        assembly: Assembly,
        recorder: FlightRecorder,
        recovery: Recovering,
        *,
        resource: Resource,
        max_open_runs: int,
        max_open_bytes: int,
        otlp: OtlpSettings | NotSent,
        redactor: Redactor,
        pseudonyms: Pseudonyms | None = None,
        study_id: str | None = None,
        viewer_text: ViewerText | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        self._outbox = outbox
        self._pseudonyms, self._study_id = pseudonyms, study_id
        self._road, self._assembly, self._recorder, self._recovery = road, assembly, recorder, recovery
        self._redactor, self._timings = redactor, Timings()
        self.troubles = road.troubles
        self._open_runs = OpenRuns(
            recorder,
            assembly.take,
            self.troubles,
            max_open_runs=max_open_runs,
            max_open_bytes=max_open_bytes,
            redactor=redactor,
        )
        self.live = LiveFeed(self._open_runs)
        self.provider = RecordingTracerProvider(self._open_runs, resource, self.troubles)
        self._otlp = otlp if isinstance(otlp, NotSent) else self._send_to(otlp, viewer_text)
        assembly.start(self._open_runs, self.live)
        self._life = Life.OPEN
        # Whoever keeps only a tracker keeps the recording: it has to be closed when the interpreter ends.
        self._open_runs.recording = self
        close_with_the_process(self)
        watch(self)

    def tracker(self, *, ambient: bool = False) -> ExecutionTracker:
        """A tracker whose runs are recorded here."""
        return ExecutionTracker(
            self.provider,
            emit=self._open_runs.record,
            troubles=self.troubles,
            timings=self._timings,
            redactor=self._redactor,
            pseudonyms=self._pseudonyms,
            study_id=self._study_id,
            ambient=ambient,
        )

    def span_processor(self) -> RecordingSpanProcessor:
        """A span processor that makes records of another provider's traces; `tracker()` is the faster way."""
        return RecordingSpanProcessor(self._open_runs, self.troubles)

    @property
    def recovery(self) -> RecoveryReport:
        """What was recovered so far of runs whose process died."""
        return self._recovery.report

    def wait_until_recovered(self, timeout: float) -> bool:
        """Whether what this start found of runs whose process died is seen to, or will be within `timeout` seconds."""
        return self._recovery.wait(timeout)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until every finished run is durable in every sink; False where `timeout` seconds were not enough."""
        return self._life is Life.INHERITED or self._road.flush(timeout)

    def settle(self, timeout: float) -> bool:
        """`flush` for readers, who wait for no sink that fails, nor a second time for one that hangs."""
        return self._life is Life.INHERITED or self._road.settle(timeout)

    def health(self) -> dict[str, Any]:
        """How the recording is doing, in counts; `docs/reliability.md` explains each."""
        return {
            "open_runs": len(self._open_runs),
            **{name: self._road.counts[name] for name in COUNTS},
            "outstanding": self._road.outstanding,
            **self._road.room.health(),
            "viewer_spans_dropped": self.provider.dropped,
            "otlp": self._otlp.health(),
            "recovered": len(self.recovery.recovered),
            "left_alone": [asdict(what) for what in self.recovery.left_alone],
            "redacted": self._redactor.count,
            "item_seconds": self._timings.seconds(),
            "unusual_items": dict(self._assembly.unusual),
            "guarded_errors": dict(self.troubles.counts),
            "sinks": self._road.health(),
            "journal": self._recorder.health(),
            **({"outbox": self._outbox.health()} if self._outbox else {}),
        }

    def _send_to(self, otlp: OtlpSettings, viewer_text: ViewerText | None) -> OtlpOutput:
        from collectors.viewers.sending import OtlpOutput  # most recordings have none

        output = OtlpOutput(otlp, self.troubles, viewer_text=viewer_text)
        self.provider.add_span_processor(output)
        return output

    def close(self, timeout: float = 10.0) -> bool:
        """End the recording: open runs become `interrupted` records. True where everything became durable.

        It takes `timeout` seconds at most, half of them for what this start found of dead processes, and a little for
        the last steps. What a sink could not take by then stays in the flight recorder or a file, for the next start.
        """
        if self._life is not Life.OPEN:
            return True
        self._life = Life.CLOSED
        time_is_up = time.monotonic() + timeout

        def left() -> float:
            return max(0.1, time_is_up - time.monotonic())

        self._open_runs.stop("after close", "a tracker was used after its recording was closed")
        self._open_runs.take_all()
        self._road.flush(left())
        self._assembly.close(left())
        self._recovery.end(left())
        all_written = self._road.close(left())
        self.provider.shutdown(left())
        self._recorder.settle(left())
        self._road.room.close()
        self._recorder.close()
        return all_written and not self._road.outstanding

    def after_fork(self) -> None:
        """In a forked child none of our threads exist, and the journal belongs to the parent: do nothing more."""
        self._life = Life.INHERITED
        self._open_runs.stop("after fork", "an inherited tracker was used in a child process")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
