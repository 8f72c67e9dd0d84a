"""Send records that were recovered to a research programme too, as the settings say."""

from __future__ import annotations

from collections.abc import Sequence

from collectors import Sink
from devserver.settings import Settings
from otel_tracking.environment import outbox_of


def with_outbox(sinks: Sequence[Sink], settings: Settings) -> list[Sink]:
    """Sinks, and the outbox of the settings beside them where there is one: what was recovered is sent too."""
    if settings.research_endpoint is None:
        return list(sinks)
    from collectors.outbox import open_outbox

    outbox = open_outbox(
        sinks,
        settings.research_endpoint,
        outbox_of(settings.data_dir),
        token=settings.research_token,
        most_bytes=settings.outbox_bytes,
        when_full=settings.outbox_when_full,
    )
    return [*sinks, outbox]
