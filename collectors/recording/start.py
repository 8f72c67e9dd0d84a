"""Start recording: a tracer provider of our own, the processor that follows its spans, and the way to the sinks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource

from collectors.delivery.road import Road
from collectors.delivery.sinks import Sink
from collectors.delivery.spill import Spill
from collectors.delivery.waiting_room import MAX_PENDING, WaitingRoom
from collectors.elsewhere.choice import Tallies, served
from collectors.flight_recorder import FlightRecorder
from collectors.forks import watch
from collectors.recording import metrics
from collectors.recording.assembly import Assembly
from collectors.recording.live import LiveFeed
from collectors.recording.open_runs import MAX_OPEN_BYTES, MAX_OPEN_RUNS, OpenRuns
from collectors.recording.process_end import close_with_the_process
from collectors.recording.provider import RecordingTracerProvider, make_resource
from collectors.recording.recovery import Recovering, RecoveryReport, namespace_of, recover, spill_base
from collectors.recording.span_processor import RecordingSpanProcessor
from collectors.viewers.settings import FULL, NotSent, OtlpSettings, read_otlp_settings
from otel_tracking.environment import THREAD
from otel_tracking.errors import RecordingError, Troubles
from otel_tracking.secrets.frozen import Redactor
from otel_tracking.secrets.redaction import DEFAULT_POLICY, RedactionPolicy
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


def start_recording(
    sinks: Sequence[Sink] = (),
    *,
    service_name: str | None = None,
    resource_attributes: Mapping[str, str] | None = None,
    journal: Path | str | bool | None = None,
    recover_dead_runs: bool = True,
    grace: float = 5.0,
    max_open_runs: int = MAX_OPEN_RUNS,
    max_open_bytes: int = MAX_OPEN_BYTES,
    max_age: float = 6 * 3600.0,
    retry_seconds: float = 0.1,
    raise_errors: bool = False,
    spill: Path | str | bool | None = None,
    max_pending: int = MAX_PENDING,
    meter_provider: MeterProvider | None = None,
    otlp_endpoint: str | bool | None = None,
    otlp_content: str | None = None,
    viewer_text: ViewerText | None = None,
    redaction: RedactionPolicy = DEFAULT_POLICY,
    pseudonyms: Pseudonyms | None = None,
    study_id: str | None = None,
    research_endpoint: str | None = None,
    research_token: str | None = None,
    outbox: Path | str | None = None,
    outbox_bytes: int | None = None,
    outbox_when_full: str = "wait",
    assembly: str = THREAD,
) -> Recording:
    """Start recording into `sinks`; nothing in the environment can switch it off or thin it out.

    `journal` is the directory of the flight recorder on a RAM file system (default: `/dev/shm`; False: none). Runs
    that died in it are recovered in the background. A run whose spans are not all closed is written `grace` seconds
    after its root ended, and again when they are. Where more than `max_open_runs` runs are open, or hold more than
    `max_open_bytes` together, the idlest is written as it is, once, and again when it goes on and ends; so is one that
    is open for `max_age` seconds. `raise_errors` lets tests see what is otherwise only counted. Where more than
    `max_pending` records wait for a sink, the others wait in files below `spill` (default: where a sink says by its
    `location` whose they are, `/var/tmp/otel-tracking-<uid>`; False: in memory). With a `meter_provider`, health is
    there as metrics too.

    Traces go to `otlp_endpoint` (`http://localhost:4318`) as well, best effort; None leaves it to OpenTelemetry's
    variables (`OTEL_EXPORTER_OTLP_ENDPOINT` …), False sends none. `otlp_content` is `viewer` (for Jaeger: no blocked
    texts, no persons, large values as summaries) or `full` (everything, for `otel-tracking collect`). A viewer is sent
    what `viewer_text` leaves of each text; None, or an error, leaves it out. `full` cannot be had with it.

    Every record goes to `research_endpoint` (`https://gateway.example:4318`) as well, whole, and at least once: it
    waits in files below `outbox` until it is taken, across restarts, with `research_token` as a bearer token. Of each
    process at most `outbox_bytes` (4 GiB) wait; then the record stays in its journal (`outbox_when_full="wait"`) or the
    oldest request goes (`"drop_oldest"`). Media do not travel with it.

    With `assembly="process"` each sink that can be opened elsewhere (Parquet, documents) gets a process of its own that
    makes the records it writes: whatever else is worked on here waits less for the interpreter, and more runs become
    durable. Such a process takes some 100 MB, and a moment to start. Other sinks are served from here.

    `redaction` says what is taken for a secret and never recorded, beside what always is. Runs that say no study are
    of `study_id`; with `pseudonyms`, users, sessions and devices of its trackers' runs are replaced before anything
    knows them. Spans that others make (`span_processor()`, OTLP from elsewhere) come as they are.

    >>> with start_recording(journal=False) as recording:
    ...     recording.tracker().execution("dada").end()
    ...     recording.flush(timeout=10)
    True
    """
    otlp = read_otlp_settings(otlp_endpoint, otlp_content)
    if viewer_text is not None and otlp_content == FULL:
        raise RecordingError("otlp_content is 'full': no text is looked over; viewer would work with viewer_text")
    resource = make_resource(service_name, resource_attributes)
    box = None
    if research_endpoint is not None:
        from collectors.outbox import open_outbox  # most recordings have none

        box = open_outbox(
            sinks,
            research_endpoint,
            outbox,
            token=research_token,
            most_bytes=outbox_bytes,
            when_full=outbox_when_full,
            resource=resource.attributes,
        )
        sinks = [*sinks, box]
    namespace, has_journals = namespace_of(sinks), journal is not False
    directory = journal if isinstance(journal, str | Path) else None
    recorder = FlightRecorder(directory, namespace=namespace, enabled=has_journals)
    base = None if spill is False else spill_base(sinks, spill if isinstance(spill, str | Path) else None)
    troubles = Troubles(raise_errors=raise_errors)
    room = WaitingRoom(Spill(base, namespace), troubles, max_pending=max_pending)
    tallies = Tallies()
    road = Road(served(sinks, assembly, tallies), troubles, retry_seconds=retry_seconds, room=room)
    work = partial(recover, sinks, directory=directory, namespace=namespace, spill=base, journals=has_journals)
    recovering = Recovering(work, troubles)
    assembled = Assembly(road, grace=grace, max_age=max_age)
    tallies.tell = assembled.hear_of
    recording = Recording(
        road,
        assembled,
        recorder,
        recovering,
        resource=resource,
        max_open_runs=max_open_runs,
        max_open_bytes=max_open_bytes,
        otlp=otlp,
        redactor=Redactor(redaction),
        pseudonyms=pseudonyms,
        study_id=study_id,
        viewer_text=viewer_text,
        outbox=box,
    )
    if meter_provider is not None:
        metrics.observe(meter_provider, recording.health)
    if recover_dead_runs and sinks and (has_journals or base):
        recovering.start()
    return recording
