"""Send stored runs to a research programme: those that may leave only now, and those from before there was one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import islice

from collectors.outbox import MediaStore, Outbox, SpoolFull, open_media_store
from devserver.research import open_research_outbox
from devserver.settings import Settings
from exporters import ParquetSink
from exporters.storage.writing.media import load_media
from otel_tracking import ExecutionRecord
from otel_tracking.environment import WAIT, outbox_of

TOGETHER = 20
"""Runs that are put into the outbox at once, and so may share a request."""
LOOKS = 0.5
"""Seconds after which is looked again whether the programme takes what waits."""

Tell = Callable[[int], object]
"""Told of how many runs have been looked at."""


@dataclass(slots=True)
class Sending:
    """What came of it: runs that were put into the outbox, and that stay here; requests that wait still, and why.

    `without_trace` are imported ones: there is nothing in OpenTelemetry that they could be sent as. `refused` are
    requests, each of several runs, that the programme does not take; they are kept.
    """

    kept: int = 0
    withheld: int = 0
    without_trace: int = 0
    refused: int = 0
    erased: int = 0
    waiting: int = 0
    media_waiting: int = 0
    trouble: str | None = None
    consent_troubles: list[str] = field(default_factory=list)


def send_stored(settings: Settings, records: Iterable[ExecutionRecord], tell: Tell | None = None) -> Sending:
    """Put stored records into the outbox of the settings, and send until all is taken, or nothing is taken now.

    What waits then is sent by the next process. Media go to the media store of the settings, where there is one. Runs
    that are there already arrive once more, and are known again. Raises `RecordingError` for settings that cannot work,
    and OSError where nothing can be kept.
    """
    sinks = [ParquetSink(settings.data_dir)]
    done, seen = Sending(), 0
    with ExitStack() as held:
        # What the command itself has put there is not to be dropped for the rest of it.
        outbox = held.enter_context(closing(open_research_outbox(sinks, replace(settings, outbox_when_full=WAIT))))
        store = held.enter_context(closing(_media_store(sinks, settings))) if settings.media_store else None
        for group in _groups(records, TOGETHER):
            together = [record for record in group if record.trace_id is not None and record.spans]
            done.without_trace += len(group) - len(together)
            if not _keep(outbox, together):
                break
            if store:
                _keep_media(store, together, settings)
            seen += len(group)
            if tell:
                tell(seen)
        _settle(outbox, store)
        health = outbox.health()
        done.erased, done.withheld = outbox.refused, outbox.withheld
        done.refused = health["refused"]
        done.kept = seen - done.erased - done.withheld - done.without_trace
        done.waiting, done.trouble = health["waiting"], health["trouble"]
        done.consent_troubles = sinks[0].consent_troubles
        done.media_waiting = store.health()["waiting"] if store else 0
    return done


def _media_store(sinks: Sequence[ParquetSink], settings: Settings) -> MediaStore:
    return open_media_store(sinks, settings.media_store or "", outbox_of(settings.data_dir), settings.research_runs)


def _keep(outbox: Outbox, records: Sequence[ExecutionRecord]) -> bool:
    """Put records into the outbox, one by one where there is no room for all at once; False where none comes."""
    try:
        outbox.write_all(records)
        return True
    except SpoolFull:
        return all(_keep_one(outbox, record) for record in records)


def _keep_one(outbox: Outbox, record: ExecutionRecord) -> bool:
    is_empty = False
    while True:
        try:
            outbox.write(record)
            return True
        except SpoolFull:
            if is_empty:
                raise  # all of it has room for less than this one run
            is_empty = outbox.settle(LOOKS)
            if not is_empty and outbox.health()["trouble"]:
                return False


def _keep_media(store: MediaStore, records: Sequence[ExecutionRecord], settings: Settings) -> None:
    for record in records:
        store.write(load_media(settings.data_dir, record))


def _settle(outbox: Outbox, store: MediaStore | None) -> None:
    while not outbox.settle(LOOKS) and not outbox.health()["trouble"]:
        pass
    while store and not store.settle(LOOKS) and not store.trouble:
        pass


def _groups(records: Iterable[ExecutionRecord], size: int) -> Iterator[list[ExecutionRecord]]:
    each = iter(records)
    while group := list(islice(each, size)):
        yield group
