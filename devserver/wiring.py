"""Put the real collaborators together: the only place that knows all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors import Recording, Sink, start_recording
from collectors.ready_made import research_of, with_media_store
from devserver.backends.http import open_client
from devserver.configs import Shelf
from devserver.embedded import embedded_engines
from devserver.engines import Engines
from devserver.erasing import finish_erasures
from devserver.errors import SettingsError
from devserver.pipeline import Pipeline
from devserver.remote_engines import remote_engines, wants_servers
from devserver.settings import Settings
from exporters import ready_made
from exporters.ready_made import viewers_of
from otel_tracking import ExecutionTracker
from otel_tracking.environment import PROCESS, THREAD
from otel_tracking.errors import RecordingError
from otel_tracking.version import own_version

if TYPE_CHECKING:
    from collectors.receiving import Collector
    from collectors.streaming import StreamWorker


@dataclass(frozen=True, slots=True)
class Devserver:
    """A pipeline that is ready to run, with what watches it."""

    settings: Settings
    recording: Recording
    tracker: ExecutionTracker
    pipeline: Pipeline
    engines: Engines
    configs: Shelf


@contextmanager
def open_devserver(
    settings: Settings | None = None,
    *,
    engines: Engines | None = None,
    sinks: Sequence[Sink] | None = None,
    assembly: str = THREAD,
) -> Iterator[Devserver]:
    """A devserver whose records are durable when the block is left.

    `engines` and `sinks` can be handed in; by default they are those of this machine and of the settings. `assembly`
    says where records are made unless the settings do.
    """
    settings = settings or Settings.from_environment()
    whose = whose_runs(settings)
    recording = start_recording(
        make_sinks(settings) if sinks is None else sinks,
        journal=settings.journal,
        otlp_endpoint=settings.otlp_endpoint,
        assembly=settings.assembly or assembly,
        **viewers_of(settings),
        **research_of(settings),
        resource_attributes={"service.version": own_version()},
        **whose,
    )
    try:
        tracker = recording.tracker()
        with open_engines(settings) if engines is None else nullcontext(engines) as ready:
            configs = Shelf(settings.configs_dir)
            pipeline = Pipeline(tracker, ready, find_config=configs.find, longest_prompt=settings.longest_prompt)
            yield Devserver(settings, recording, tracker, pipeline, ready, configs)
    finally:
        recording.close()


@contextmanager
def open_engines(settings: Settings) -> Iterator[Engines]:
    """The engines of this machine, and of the model servers that are set up; connections are closed with the block."""
    embedded = embedded_engines()
    with ExitStack() as open_things:
        client = None
        if wants_servers(settings):
            times = {"read_seconds": settings.read_timeout, "connect_seconds": settings.connect_timeout}
            client = open_things.enter_context(open_client(**times))
        remote = remote_engines(settings, client)
        makers = {**embedded.makers, **remote.makers}
        yield replace(embedded, makers=makers, missing=remote.missing, check_media=remote.check_media)


def open_collector(data_dir: Path, **options: Any) -> Collector:
    """A collector into a data directory; it takes up what an earlier one left."""
    from collectors.receiving import Collector, Spool

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings.from_environment(data_dir=data_dir)
    sinks = make_sinks(settings)
    # A media store has a line of its own, and records of everything would be made here for it.
    assembly = settings.assembly or (THREAD if settings.media_store else PROCESS)
    return Collector(sinks, Spool(data_dir / "collect"), assembly=assembly, **options)


def open_stream_worker(
    brokers: str, topic: str, table: str, *, group: str, options: Mapping[str, str], grace: float | None = None
) -> StreamWorker[Any]:
    """A worker that reads a topic of Kafka into a Delta table, as one of a group."""
    from collectors.streaming import StreamWorker
    from collectors.streaming.kafka import KafkaSource
    from collectors.streaming.partition import StreamPatience
    from exporters.delta.ledger import DeltaLedger
    from exporters.delta.tables import DeltaStore

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    ledger = DeltaLedger(DeltaStore(table), topic)
    patience = StreamPatience() if grace is None else StreamPatience(grace=grace)
    source = KafkaSource(brokers, topic, group, options)
    return StreamWorker(source, ledger, patience=patience, is_erased=lambda trace_id: ledger.is_erased(None, trace_id))


def whose_runs(settings: Settings) -> dict[str, Any]:
    """What a recording is told of whose its runs are; `SettingsError` where their study or its key is not there."""
    try:
        return ready_made.whose_runs(settings)
    except RecordingError as trouble:
        raise SettingsError(str(trouble)) from trouble


def make_sinks(settings: Settings) -> list[Sink]:
    """The dataset, and documents and a media store where the settings want some.

    An erasure that was interrupted is finished first.
    """
    finish_erasures(settings)
    documents = ready_made.open_documents(settings)
    sinks: list[Sink] = [ready_made.open_dataset(settings), *([documents] if documents else [])]
    return with_media_store(settings, sinks)
