"""Replay a run: send its plan, wait until the new record is safe, and compare the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from collectors import Recording
from devserver.backends.http import open_client
from devserver.replay.engines import EmbeddedEngines
from devserver.replay.model import HttpRequest, Replay, Step, Wishes
from devserver.replay.report import not_sent, report
from devserver.replay.sending import Sender
from devserver.settings import Settings
from exporters import read_records
from exporters.errors import StorageError
from exporters.storage.writing.media import load_media
from otel_tracking import ExecutionRecord

FLUSH_SECONDS = 60.0


def replay(
    record: ExecutionRecord,
    steps: Sequence[Step],
    *,
    wishes: Wishes,
    recording: Recording,
    engines: EmbeddedEngines,
    settings: Settings,
    tell: Callable[[int], None] = lambda done: None,
) -> Replay:
    """What comes of the steps that `Planner.plan` made of a record; a new record is kept where anything is sent.

    Raises `StorageError` where the new record was not safe in time: it stays in the flight recorder.
    """
    if all(step.todo is None for step in steps):
        return Replay(repeats=record.execution_id, execution_id=None, steps=tuple(map(not_sent, steps)))
    with ExitStack() as open_things:
        client = None
        if any(isinstance(step.todo, HttpRequest) for step in steps):
            times = {"read_seconds": settings.read_timeout, "connect_seconds": settings.connect_timeout}
            client = open_things.enter_context(open_client(**times))
        run, sent = Sender(recording.tracker(), engines, client, tell).send(record, steps, wishes)
    second = None
    if recording.flush(FLUSH_SECONDS):
        second = next(read_records(settings.data_dir, execution_id=run.execution_id), None)
    if second is None:
        raise StorageError(f"the record of {run.execution_id} is not stored in {settings.data_dir} yet; try recover")
    return report(record, load_media(settings.data_dir, second), steps, sent)
