"""What a journey is made of: the parts of a record as a reader meets them, every text ready to be shown.

Texts are made visible (`readable.visible`) and otherwise as they were: whoever writes them into a document
escapes them for that document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name and its value as text; `is_long` where it wants lines of its own."""

    name: str
    value: str

    @property
    def is_long(self) -> bool:
        """Whether the value does not fit beside its name."""
        return "\n" in self.value or len(self.value) > 100


@dataclass(frozen=True, slots=True)
class Medium:
    """A picture, sound or other file; `content` is None where it is not at hand or must not be shown.

    `kind` is `image`, `audio`, `music`, `video`, `3d` …; `mime_type` is only a type where one was given.
    """

    kind: str
    mime_type: str
    content: bytes | None
    file_path: str
    size: str
    sha256: str

    @property
    def is_image(self) -> bool:
        """Whether it can be looked at."""
        return self.kind == "image" or self.mime_type.startswith("image/")


@dataclass(frozen=True, slots=True)
class Box:
    """One thing that happened: what was given, what came of it, who did it.

    `tone` is what a reader should notice: `plain`, `good` (checked and safe), `stop` (blocked), `bad` (failed) or
    `key` (what the person wrote, and the final text). `language` is a language tag or None; `direction` that of the
    text. `withheld` says in words why text and medium are missing.
    """

    number: int | None
    item_type: str
    label: str
    tone: str = "plain"
    hop: int | None = None
    output: int | None = None
    text: str = ""
    language: str | None = None
    direction: str = "ltr"
    from_language: str | None = None
    to_language: str | None = None
    medium: Medium | None = None
    caption: str = ""
    seconds: str = ""
    withheld: str = ""
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """The boxes of one stage, or of one output: `Stage 2 · Interception`, `Output 1 · sd35_large`."""

    title: str
    stage: int | None
    output: int | None
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One span on the timeline, in seconds from the run's start; `seconds` is None where it never ended.

    `inside` is the place of the bar that it is a part of; None where it stands directly below the run.
    """

    label: str
    start: float
    seconds: float | None
    depth: int
    stage: int | None
    is_attempt: bool
    failed: bool
    took: str
    inside: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a backend: what was asked for, what left the process, what came back."""

    number: int
    label: str
    place: str
    made_by: str
    seconds: str
    error: str
    configured: tuple[Parameter, ...]
    passed: tuple[Parameter, ...]
    not_passed: tuple[str, ...]
    response: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """A record as a document tells it, in one language and for one audience."""

    language: str
    audience: str
    title: str
    execution_id: str
    started: str
    status: str
    outcome: str
    languages: tuple[str, ...]
    facts: tuple[Parameter, ...]
    chapters: tuple[Chapter, ...]
    timeline: tuple[Bar, ...]
    duration: float
    attempts: tuple[Attempt, ...]
    words: Mapping[str, str]

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

    def _first(self, item_type: str) -> Box | None:
        return next((box for box in self.boxes if box.item_type == item_type and box.text), None)
