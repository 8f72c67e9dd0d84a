"""Where a process has the runs of its server, and how they are set up and reached."""

from __future__ import annotations

import atexit
import functools
import os
import threading
from collections.abc import Callable
from typing import Any

from otel_tracking.migration.recorder.folder import FolderWriter
from otel_tracking.migration.recorder.guard import guarded
from otel_tracking.migration.recorder.hearing import hear
from otel_tracking.migration.recorder.one_request import look_at, run_before
from otel_tracking.migration.recorder.runs import RunRules, ServerRuns

_lock = threading.Lock()
_runs: ServerRuns | None = None
_writer: FolderWriter | None = None
_rules = RunRules()


def keep_runs(rules: RunRules) -> ServerRuns:
    """Set when runs end by themselves, and where it is written down which they were; at the server's start.

    >>> keep_runs(RunRules(idle_seconds=900)).rules.idle_seconds
    900
    """
    global _runs, _rules
    with _lock:
        before, _runs, _rules = _runs, None, rules
    if before is not None:
        before.close()
    return server_runs()


def server_runs() -> ServerRuns:
    """The runs of this process."""
    global _runs
    known = _runs
    if known is not None:
        return known
    with _lock:
        if _runs is None:
            _runs = ServerRuns(_rules)
            # What has begun in the last milliseconds is written down yet.
            atexit.register(_runs.close, 2.0)
        return _runs


def folder_writer() -> FolderWriter:
    """Who writes the folders of this process's recorders."""
    global _writer
    known = _writer
    if known is not None:
        return known
    with _lock:
        if _writer is None:
            _writer = FolderWriter(_note)
            atexit.register(_writer.close)
        return _writer


def _begin_anew() -> None:
    """A forked worker has runs of its own: those of its parent go on there, and so do its threads and locks."""
    global _lock, _runs, _writer
    _lock, _runs, _writer = threading.Lock(), None, None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def _note(kind: str, trouble: BaseException | str) -> None:
    server_runs().troubles.note(kind, trouble)


def abort_run(run_id: str, reason: str = "aborted by a person") -> None:
    """Somebody stopped the run of that id, or left: the record says `cancelled`. One that is over stays as it is."""
    runs = server_runs()
    run = runs.find(run_id)
    if run is not None:
        guarded(runs, "abort_run", run.abort, reason)


def beside(
    get_recorder: Callable[..., Any], load_recorder: Callable[..., Any]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two functions of the earlier recorder, whose recorders are heard: they answer what they answered.

    `get_recorder` takes one name more: `continues`, the server's id of the run that this one goes on with; without it
    that is the run that the same request has looked at before (`one_request`).
    """

    @functools.wraps(get_recorder)
    def get(*args: Any, continues: str | None = None, **kwargs: Any) -> Any:
        recorder = get_recorder(*args, **kwargs)
        before = continues or run_before(getattr(recorder, "run_id", ""))
        return hear(recorder, server_runs(), continues=before, begins=True)

    @functools.wraps(load_recorder)
    def load(*args: Any, **kwargs: Any) -> Any:
        return look_at(hear(load_recorder(*args, **kwargs), server_runs()))

    return get, load
