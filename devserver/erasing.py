"""Say where this server's data can lie, and finish an erasure that was interrupted."""

from __future__ import annotations

import sys

from devserver.settings import Settings
from exporters.errors import CompactionRunning
from otel_tracking.erasure import Place


def places_of(settings: Settings) -> list[Place]:
    """The places beside the data directory and its exports where something of a run may lie."""
    return []


def finish_erasures(settings: Settings) -> None:
    """Go on with an erasure of the data directory that a death interrupted, and say so in one line.

    One that another process is at is left to it: what was decided is refused by every sink already.
    """
    from exporters.erasure import pending, resume  # only here: most starts find nothing, and need no pyarrow for it

    if pending(settings.data_dir) is None:
        return
    try:
        report = resume(settings.data_dir, places_of(settings), wait_seconds=0)
    except CompactionRunning:
        return
    if report:
        how = "everything within reach is gone" if report.complete else "something is left, its report says what"
        print(f"otel-tracking: finished an erasure of {len(report.runs)} runs; {how}", file=sys.stderr)
