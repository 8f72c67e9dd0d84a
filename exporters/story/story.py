"""What a story is: everything that is told of one run. `parts` has what it is made of, `storyteller` makes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporters.story.calls import Call
from exporters.story.drifting import drift_of
from exporters.story.parts import Bar, Box, Chapter, Parameter
from exporters.story.settings import settings_of
from exporters.story.untranslated import Stop
from otel_tracking.record import ExecutionRecord


@dataclass(frozen=True, slots=True)
class Story:
    """A run as everything that is made for people tells it, in one language and for one audience.

    `tone` is that of a box, for the outcome. `asked` is what the run was asked to do, as it was given.
    `remarks` are what researchers said of it since, for them alone.
    `items` and `spans` are how many the record has, `completeness` says (to researchers) whether any were lost.
    `duration` is that of the timeline, in seconds. `words` are all words of its language. `record` is there for
    researchers, for what is only computed where it is asked for.
    """

    language: str
    audience: str
    title: str
    execution_id: str
    moment: dt.datetime
    status: str
    tone: str
    outcome: str
    languages: tuple[Stop, ...]
    facts: tuple[Parameter, ...]
    remarks: tuple[Parameter, ...]
    asked: Any = field(repr=False)
    items: int
    spans: int
    completeness: str
    chapters: tuple[Chapter, ...]
    timeline: tuple[Bar, ...]
    duration: float
    calls: tuple[Call, ...]
    words: Mapping[str, str]
    record: ExecutionRecord | None = field(default=None, repr=False)

    @property
    def started(self) -> str:
        """When the run began: `2026-11-23 12:00:00 UTC`."""
        return f"{self.moment:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def settings(self) -> tuple[Parameter, ...]:
        """What the run was asked to do: every setting that has a value."""
        return settings_of(self.asked)

    @property
    def drift(self) -> tuple[Parameter, ...]:
        """How far each text is from the first and from the one before, for researchers; empty where none can tell."""
        return self.first_drift(None)

    def first_drift(self, most: int | None) -> tuple[Parameter, ...]:
        """The same of so many texts; to measure one takes a millisecond."""
        return drift_of(self.record, self.words, most) if self.record else ()

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes in order."""
        return tuple(box for chapter in self.chapters for box in chapter.boxes)

    @property
    def given(self) -> Box | None:
        """What the person wrote, where it may be shown."""
        return self._first("user_input_text")

    @property
    def final(self) -> Box | None:
        """The text that came of it, where there is one and it may be shown."""
        return self._first("interception_final")

    def fact(self, name: str) -> str:
        """The fact that has this name in records (`safety_level`); empty where there is none."""
        return next((fact.value for fact in self.facts if fact.name == self.words[name]), "")

    def _first(self, item_type: str) -> Box | None:
        return next((box for box in self.boxes if box.item_type == item_type and box.text), None)
