"""`get_recorder` and `load_recorder` of a process: one recorder a run, found again by its folder."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from otel_tracking.migration.recorder.folder import find_folder
from otel_tracking.migration.recorder.guard import guarded
from otel_tracking.migration.recorder.hearing import hear
from otel_tracking.migration.recorder.live import LivePipelineRecorder
from otel_tracking.migration.recorder.one_request import look_at, run_before
from otel_tracking.migration.recorder.place import folder_writer, server_runs

MOST_ACTIVE = 512
"""Recorders that are kept at hand; another one is found again by its folder."""

_active: OrderedDict[str, LivePipelineRecorder] = OrderedDict()
_lock = threading.Lock()


def _begin_anew() -> None:
    """A forked worker has none of its parent's recorders."""
    global _lock
    _lock = threading.Lock()
    _active.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def get_recorder(
    run_id: str,
    config_name: str | None = None,
    execution_mode: str | None = None,
    safety_level: str | None = None,
    user_id: str = "anonymous",
    device_id: str | None = None,
    base_path: Path | str | None = None,
    *,
    continues: str | None = None,
) -> LivePipelineRecorder:
    """The recorder of a run; a new one where there is none. `continues` is the id of the run that it goes on with."""
    with _lock:
        known = _active.get(run_id)
        if known is None:
            continues = continues or run_before(run_id)
            said = (config_name or "unknown", execution_mode or "eco", safety_level or "kids", user_id, device_id)
            known = LivePipelineRecorder(run_id, *said, base_path, continues=continues)
        return _keep(known)


def load_recorder(run_id: str, base_path: Path | str | None = None) -> LivePipelineRecorder | None:
    """The recorder of a run that was begun here or left a folder; None where there is none.

    A folder is looked for on the thread that asks, as it always was; what is at hand costs no look.
    """
    with _lock:
        known: Any = _active.get(run_id)
    if known is None:
        known = guarded(server_runs(), "load_recorder", _load, run_id, base_path)
    return look_at(known)  # type: ignore[no-any-return]


def generate_run_id(suffix: str | None = None) -> str:
    """A new id of a run, in the order of time.

    >>> generate_run_id("canvas").startswith("run_"), generate_run_id("canvas").endswith("_canvas")
    (True, True)
    """
    base = f"run_{time.time_ns() // 1_000_000}_{os.urandom(3).hex()}"
    return f"{base}_{suffix}" if suffix else base


def _load(run_id: str, base_path: Path | str | None) -> LivePipelineRecorder | None:
    folder_writer().settle()
    base = Path(base_path or Path.cwd())
    folder = find_folder(base, run_id)
    if folder is None:
        return None
    recorder = LivePipelineRecorder.of_folder(folder, base)
    hear(recorder, server_runs())
    with _lock:
        return _keep(_active.get(run_id, recorder))


def _keep(recorder: LivePipelineRecorder) -> LivePipelineRecorder:
    _active[recorder.run_id] = recorder
    _active.move_to_end(recorder.run_id)
    while len(_active) > MOST_ACTIVE:
        _active.popitem(last=False)
    return recorder
