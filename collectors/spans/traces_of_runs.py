"""Which traces runs are."""

from __future__ import annotations

from collections.abc import Iterable

from otel_tracking.erasure import RunId


def traces_of(runs: Iterable[RunId]) -> frozenset[int]:
    """The trace ids of runs. A run without one came from a file, and its spans never were anywhere."""
    return frozenset(int(run.trace_id, 16) for run in runs if run.trace_id and _is_hex(run.trace_id))


def _is_hex(text: str) -> bool:
    return len(text) == 32 and not set(text) - set("0123456789abcdef")
