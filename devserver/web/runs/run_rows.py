"""The rows of the list of runs as people see them: what was asked, and a picture of what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from devserver.web.runs.listing import ListedRun
from devserver.web.runs.run_page import tone_of
from exporters.explorer.entry import Card
from exporters.story.readable import seconds, visible_line


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


def rows_for_people(listed: Iterable[ListedRun], *, is_researcher: bool) -> list[RunRow]:
    """The rows; students' without what a check said no to."""
    return [_row(run, is_researcher) for run in listed]


def _row(run: ListedRun, is_researcher: bool) -> RunRow:
    card = Card()
    if run.card:
        card = run.card.researcher if is_researcher else run.card.student
    return RunRow(
        run=run,
        config_name=visible_line(run.config_name or ""),
        status=visible_line(run.status),
        tone=tone_of(str(run.status)),
        took=seconds(run.total_execution_time),
        prompt=card.prompt,
        is_hidden=card.is_hidden,
        final=card.final,
        thumbnails=tuple(f"/api/runs/{run.execution_id}/thumbnails/{sha256}" for sha256 in card.pictures),
        has_sound=card.has_sound,
        is_concern=card.is_concern,
        marks=tuple(run.marks) if is_researcher else (),
    )
