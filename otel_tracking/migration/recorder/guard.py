"""Keep the pipeline out of our trouble: it is counted where it would be raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otel_tracking.migration.recorder.runs import ServerRuns


def guarded(runs: ServerRuns, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `method` answers; None where it raised, which is counted with those of the runs."""
    try:
        return method(*args, **kwargs)
    except Exception as trouble:
        runs.troubles.report(f"recorder {name}", trouble)
        return None
