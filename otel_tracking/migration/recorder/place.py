"""Where a process has the runs of its server, and how they are set up and reached."""

from __future__ import annotations

import atexit
import functools
import os
from collections.abc import Callable
from typing import Any

from otel_tracking.migration.recorder.folder import FolderWriter
from otel_tracking.migration.recorder.guard import guarded
from otel_tracking.migration.recorder.hearing import hear
from otel_tracking.migration.recorder.one_request import look_at, run_before
from otel_tracking.migration.recorder.runs import RunRules, ServerRuns

_runs: tuple[int, ServerRuns] | None = None
_writer: tuple[int, FolderWriter] | None = None
_rules = RunRules()


def keep_runs(rules: RunRules) -> ServerRuns:
    """Set when runs end by themselves, and where it is written down which they were; at the server's start.

    >>> keep_runs(RunRules(idle_seconds=900)).rules.idle_seconds
    900
    """
    global _runs, _rules
    if _runs is not None and _runs[0] == os.getpid():
        _runs[1].close()
    _rules, _runs = rules, None
    return server_runs()


def server_runs() -> ServerRuns:
    """The runs of this process; a forked worker has its own, since those of its parent go on there."""
    global _runs
    known = _runs
    if known is None or known[0] != os.getpid():
        known = _runs = (os.getpid(), ServerRuns(_rules))
        # What has begun in the last milliseconds is written down yet.
        atexit.register(known[1].close, 2.0)
    return known[1]


def folder_writer() -> FolderWriter:
    """Who writes the folders of this process's recorders."""
    global _writer
    known = _writer
    if known is None or known[0] != os.getpid():
        known = _writer = (os.getpid(), FolderWriter(_note))
        atexit.register(known[1].close)
    return known[1]


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
