"""The outbox of the settings: what is recovered, or sent once more, goes to a research programme too."""

from __future__ import annotations

from collections.abc import Sequence

from collectors import Sink
from collectors.outbox import Outbox, open_outbox
from devserver.settings import Settings
from otel_tracking.environment import RESEARCH_ENDPOINT, outbox_of
from otel_tracking.errors import RecordingError


def with_outbox(sinks: Sequence[Sink], settings: Settings) -> list[Sink]:
    """Sinks, and the outbox of the settings beside them where there is one: what was recovered is sent too."""
    if settings.research_endpoint is None:
        return list(sinks)
    return [*sinks, open_research_outbox(sinks, settings)]


def open_research_outbox(sinks: Sequence[Sink], settings: Settings) -> Outbox:
    """The outbox of the settings beside other sinks, which say what may not leave. Raises `RecordingError`."""
    if settings.research_endpoint is None:
        raise RecordingError(f"nobody said where to: {RESEARCH_ENDPOINT}=https://gateway.example:4318 would work")
    return open_outbox(
        sinks,
        settings.research_endpoint,
        outbox_of(settings.data_dir),
        token=settings.research_token,
        most_bytes=settings.outbox_bytes,
        when_full=settings.outbox_when_full,
        runs=settings.research_runs,
    )
