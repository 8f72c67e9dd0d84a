"""What a program that records runs needs of storage, as its settings say: sinks, a store, a study, viewers' rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from otel_tracking.environment import REDACTED, STUDY, RecordingSettings
from otel_tracking.erasure import Place
from otel_tracking.errors import RecordingError

if TYPE_CHECKING:
    from exporters import DocumentSink, ParquetSink
    from exporters.era_a import DatasetStore


def open_dataset(settings: RecordingSettings) -> ParquetSink:
    """The dataset of the settings."""
    from exporters import ParquetSink

    return ParquetSink(settings.data_dir)


def open_documents(settings: RecordingSettings) -> DocumentSink | None:
    """Documents beside it, where the settings want some."""
    if not settings.formats:
        return None
    from exporters import DocumentSink

    return DocumentSink(settings.data_dir, formats=list(settings.formats))


def open_store(
    settings: RecordingSettings,
    settle: Callable[[], object],
    places: Sequence[Place],
    trouble: Callable[[], str | None] = lambda: None,
) -> DatasetStore:
    """The records of the data directory, as era A's storage functions ask for them."""
    from exporters.era_a import DatasetStore

    return DatasetStore(settings.data_dir, settle=settle, study=settings.study, places=places, trouble=trouble)


def whose_runs(settings: RecordingSettings) -> dict[str, Any]:
    """What a recording is told of whose its runs are: the study of the settings, and the pseudonyms that it wants.

    Raises `RecordingError` where that study or its key is not there: before a run is recorded under anybody's name.
    """
    if settings.study is None:
        return {}
    from exporters.errors import StorageError
    from exporters.privacy.studies import PseudonymsAt, facts_of, open_study

    try:
        facts = facts_of(settings.data_dir, settings.study)
        if facts.pseudonyms_at is PseudonymsAt.EXPORT:
            return {"study_id": facts.name}
        return {"study_id": facts.name, "pseudonyms": open_study(settings.data_dir, facts.name).pseudonyms}
    except StorageError as trouble:
        raise RecordingError(f"{STUDY} is {settings.study!r:.80}: {trouble}") from trouble


def viewers_of(settings: RecordingSettings) -> dict[str, Any]:
    """What viewers of traces are sent, as `start_recording` wants to be told."""
    if settings.otlp_content != REDACTED:
        return {"otlp_content": settings.otlp_content}
    from exporters.privacy.studies import open_study
    from exporters.privacy.usual_rules import usual_rules
    from exporters.privacy.way_out import rules_of

    rules = rules_of(open_study(settings.data_dir, settings.study)) if settings.study else usual_rules()
    return {"otlp_content": "viewer", "viewer_text": lambda text: rules.clean(text).text}


def finish_erasures(settings: RecordingSettings, places: Callable[[], Sequence[Place]]) -> str | None:
    """Go on with an erasure of the data directory that a death interrupted; what to say of it, where there was one.

    One that another process is at is left to it: what was decided is refused by every sink already.
    """
    from exporters.erasure import pending

    if pending(settings.data_dir) is None:
        return None
    from exporters.erasure import resume  # only here: 200 ms of which most starts have no need
    from exporters.errors import CompactionRunning

    try:
        report = resume(settings.data_dir, places(), wait_seconds=0)
    except CompactionRunning:
        return None
    if not report:
        return None
    how = "all of it within reach is gone" if report.complete else "something is left, its report says what"
    return f"otel-tracking: finished an erasure of {len(report.runs)} run(s); {how}"
