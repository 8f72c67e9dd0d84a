"""Send whole records to a research programme: where they go, and where they wait, as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from collectors import Sink
from devserver.settings import Settings, outbox_of


def research_of(settings: Settings) -> dict[str, Any]:
    """Where whole records go and wait for it, as `start_recording` wants to be told."""
    if settings.research_endpoint is None:
        return {}
    return {
        "research_endpoint": settings.research_endpoint,
        "research_token": settings.research_token,
        "outbox": outbox_of(settings.data_dir),
        "outbox_bytes": settings.outbox_bytes,
        "outbox_when_full": settings.outbox_when_full,
    }


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
