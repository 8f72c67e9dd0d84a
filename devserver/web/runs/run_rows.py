"""The rows of the list of runs as people see them: what was asked, and a picture of what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from devserver.web.concerns import is_concern
from devserver.web.runs.listing import UNDER_WAY, ListedRun
from devserver.web.runs.lookup import Runs
from devserver.web.runs.run_page import tone_of
from exporters.errors import StorageError
from exporters.story.readable import seconds, visible_line
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import ItemType, MediaType
from otel_tracking.view import View, view_of

LONGEST_PROMPT = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run in the list."""

    run: ListedRun
    config_name: str
    status: str
    tone: str
    took: str
    prompt: str = ""
    is_hidden: bool = False
    final: str = ""
    thumbnails: tuple[str, ...] = ()
    has_sound: bool = False
    marks: tuple[str, ...] = ()
    is_concern: bool = False


def rows_for_people(listed: Iterable[ListedRun], runs: Runs, *, is_researcher: bool) -> list[RunRow]:
    """The rows; students' without what a check said no to."""
    return [_row(run, runs, is_researcher) for run in listed]


def _row(run: ListedRun, runs: Runs, is_researcher: bool) -> RunRow:
    more: dict[str, Any] = {}
    if run.status not in UNDER_WAY and run.execution_id:
        # A record that cannot be read, or was erased a moment ago, still has its row.
        try:
            more = _from_record(runs.record(run.execution_id), is_researcher)
        except StorageError:
            more = {}
    return RunRow(
        run=run,
        config_name=visible_line(run.config_name or ""),
        status=visible_line(run.status),
        tone=tone_of(str(run.status)),
        took=seconds(run.total_execution_time),
        marks=tuple(run.marks) if is_researcher else (),
        **more,
    )


def _from_record(record: ExecutionRecord, is_researcher: bool) -> dict[str, Any]:
    view = view_of(record, Audience.RESEARCHER if is_researcher else Audience.STUDENT)
    prompts = record.items_of(ItemType.USER_INPUT_TEXT)
    is_hidden = not all(map(view.shows, prompts))
    prompt = visible_line(prompts[0].content) if prompts and not is_hidden else ""
    shown = [item for item in record.items if item.stage == 4 and not view.why(item)]
    media = (item.media for item in shown if item.media_type == MediaType.IMAGE)
    pictures = [medium.sha256 for medium in media if medium and medium.sha256 is not None]
    return {
        "prompt": f"{prompt[:LONGEST_PROMPT]}…" if len(prompt) > LONGEST_PROMPT else prompt,
        "is_hidden": is_hidden,
        "is_concern": is_researcher and is_concern(record),
        "final": _final(record, view),
        "thumbnails": tuple(f"/api/runs/{record.execution_id}/thumbnails/{sha256}" for sha256 in pictures[:3]),
        "has_sound": any(item.media_type in (MediaType.AUDIO, MediaType.MUSIC) for item in shown),
    }


def _final(record: ExecutionRecord, view: View) -> str:
    finals = record.items_of(ItemType.INTERCEPTION_FINAL)
    return visible_line(finals[0].content)[:LONGEST_PROMPT] if finals and view.shows(finals[0]) else ""
