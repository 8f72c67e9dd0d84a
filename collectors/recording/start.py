"""Start recording: the flight recorder, the recovery, the road to the sinks, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry.metrics import MeterProvider

from collectors.delivery.road import Road
from collectors.delivery.sinks import Sink, checked
from collectors.delivery.spill import Spill
from collectors.delivery.waiting_room import MAX_PENDING, WaitingRoom
from collectors.elsewhere.choice import Tallies, served
from collectors.flight_recorder import FlightRecorder
from collectors.recording import metrics
from collectors.recording.assembly import Assembly
from collectors.recording.open_runs import MAX_OPEN_BYTES, MAX_OPEN_RUNS
from collectors.recording.provider import make_resource
from collectors.recording.recovery import Recovering, namespace_of, recover, spill_base
from collectors.viewers.settings import FULL, read_otlp_settings
from otel_tracking.environment import CONSENTED, THREAD
from otel_tracking.errors import RecordingError, Troubles
from otel_tracking.secrets.frozen import Redactor
from otel_tracking.secrets.redaction import DEFAULT_POLICY, RedactionPolicy

if TYPE_CHECKING:
    from collectors.viewers.redacting import ViewerText
    from otel_tracking.pseudonyms import Pseudonyms

from collectors.recording.recording import Recording


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
    research_runs: str = CONSENTED,
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
    oldest request goes (`"drop_oldest"`). Media do not travel with it. Of a study that asks for consent, only runs are
    sent that have it, as a sink knows (`ParquetSink`); with `research_runs="all"` all are.

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
    sinks = checked(sinks)
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
            runs=research_runs,
            resource=resource.attributes,
        )
        sinks = [*sinks, box]
    tallies = Tallies()
    taking = served(sinks, assembly, tallies)
    namespace, has_journals = namespace_of(sinks), journal is not False
    directory = journal if isinstance(journal, str | Path) else None
    recorder = FlightRecorder(directory, namespace=namespace, enabled=has_journals)
    base = None if spill is False else spill_base(sinks, spill if isinstance(spill, str | Path) else None)
    troubles = Troubles(raise_errors=raise_errors)
    room = WaitingRoom(Spill(base, namespace), troubles, max_pending=max_pending)
    road = Road(taking, troubles, retry_seconds=retry_seconds, room=room)
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
