"""Turn what happens in a run into what is shown of it at once: headings, rows, and what is under way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors.recording import ENDED, FINISHED, STARTED, LiveEvent
from devserver.cli.showing.rows import JourneyLine, row_of, stage_title
from devserver.cli.showing.text import safe_line
from exporters.story.boxes import box_of
from exporters.story.untranslated import Untranslated
from exporters.story.words import ENGLISH
from otel_tracking import ExecutionItem
from otel_tracking import attributes as names
from otel_tracking.audience import Audience
from otel_tracking.view import is_quiet


@dataclass(frozen=True, slots=True)
class Heading:
    """A stage begins."""

    title: str


@dataclass(frozen=True, slots=True)
class _Open:
    """A span that is under way: what it is called, and since when (nanoseconds since 1970)."""

    label: str
    is_attempt: bool
    since_ns: int


class LiveStory:
    """A run's story so far, fed with its live events in order; safe to read from another thread."""

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._untranslated = Untranslated()
        self.finished = False

    def tell(self, event: LiveEvent) -> Iterator[Heading | JourneyLine]:
        """What there is to show after this event."""
        if event.kind == STARTED:
            yield from self._start(event)
        elif event.kind == ENDED:
            yield from self._end(event)
        elif event.kind == FINISHED:
            self.finished = True
        elif event.is_item:
            item = ExecutionItem.from_dict(event.fields)
            marks = self._untranslated.follow(item)
            if not is_quiet(item, Audience.RESEARCHER):
                yield row_of(box_of(item, {}, ENGLISH, marks=marks))

    def doing(self) -> str:
        """What is under way, outermost first: `hop 5 · translate apertium-eng-spa`; empty between two things."""
        return " · ".join(span.label for span in list(self._open.values()) if span.label)

    def since_ns(self) -> int | None:
        """When the innermost thing under way began, in nanoseconds since 1970."""
        labelled = [span for span in list(self._open.values()) if span.label]
        return labelled[-1].since_ns if labelled else None

    def _start(self, event: LiveEvent) -> Iterator[Heading]:
        stage = event.fields.get(names.STAGE)
        is_attempt = names.GEN_AI_OPERATION_NAME in event.fields
        self._open[event.span_id] = _Open(_label(event, is_attempt), is_attempt, event.timestamp_ns)
        if event.name.startswith("stage") and isinstance(stage, int):
            yield Heading(
                stage_title(stage, event.fields.get(names.LOOP_ITERATION), event.fields.get(names.CONFIG_USED))
            )

    def _end(self, event: LiveEvent) -> Iterator[JourneyLine]:
        span = self._open.pop(event.span_id, None)
        if span and span.is_attempt and event.name == "error":
            yield JourneyLine("attempt", f"{span.label} failed", style="red")


def _label(event: LiveEvent, is_attempt: bool) -> str:
    if event.name == names.ITERATION_SPAN:
        return f"hop {event.fields.get(names.STAGE_ITERATION)}"
    return safe_line(event.name) if is_attempt else ""
