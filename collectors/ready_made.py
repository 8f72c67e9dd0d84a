"""What a program that records runs needs of a recording, as its settings say: where runs go, and where they may lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otel_tracking.environment import THREAD, RecordingSettings, outbox_of
from otel_tracking.erasure import Place

if TYPE_CHECKING:
    from collectors.delivery.sinks import Sink
    from collectors.recording.recording import Recording


def record_into(settings: RecordingSettings, sinks: Sequence[Sink], **told: Any) -> Recording:
    """A recording into these sinks that also sends what the settings want sent; `told` is what else it is told."""
    from collectors import start_recording

    settled = {"assembly": settings.assembly or THREAD, **research_of(settings), **told}
    return start_recording(sinks, journal=settings.journal, otlp_endpoint=settings.otlp_endpoint, **settled)


def research_of(settings: RecordingSettings) -> dict[str, Any]:
    """Where whole records go and wait for it, as `start_recording` wants to be told."""
    if settings.research_endpoint is None:
        return {}
    return {
        "research_endpoint": settings.research_endpoint,
        "research_token": settings.research_token,
        "outbox": outbox_of(settings.data_dir),
        "outbox_bytes": settings.outbox_bytes,
        "outbox_when_full": settings.outbox_when_full,
        "research_runs": settings.research_runs,
    }


def with_media_store(settings: RecordingSettings, sinks: Sequence[Sink]) -> list[Sink]:
    """The sinks, and beside them the media store of the settings, where there is one."""
    if not settings.media_store:
        return list(sinks)
    from collectors.outbox.media_store import open_media_store

    return [
        *sinks,
        open_media_store(list(sinks), settings.media_store, outbox_of(settings.data_dir), settings.research_runs),
    ]


def places_of(settings: RecordingSettings) -> list[Place]:
    """The places beside the data directory's tables and its exports where recordings may leave something of a run."""
    from collectors.outbox.erasing import places_of_outbox  # only here: most starts erase nothing
    from collectors.receiving.erasing import places_of_collecting
    from collectors.recording.erasing import places_of_recording

    data_dir = settings.data_dir.expanduser().absolute()
    journals = settings.journal if isinstance(settings.journal, Path) else None
    return [
        *places_of_recording(str(data_dir), journals),
        *places_of_collecting(data_dir / "collect"),
        *places_of_outbox(outbox_of(data_dir)),
    ]
