"""What a story is made of: the parts of a run as a reader meets them, every text whole and ready to be shown.

Texts are made visible (`readable.visible`) and otherwise as they were: whoever writes them into a document
escapes them for that document, and cuts what is too long for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporters.story.untranslated import LeftWords, marked


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
    text. `given` is the text that a hop was given where that is not the one that was there before. `made_by` says who
    did it, `measures` how large or long it is (`512 × 512 · Seed 7`). `withheld` says in words why text and medium are
    missing. `left` is what of the text is not in its language, `given_left` the same of the text that it was made of.
    """

    number: int | None
    item_type: str
    label: str
    tone: str = "plain"
    stage: int | None = None
    hop: int | None = None
    output: int | None = None
    text: str = ""
    given: str | None = None
    language: str | None = None
    direction: str = "ltr"
    from_language: str | None = None
    to_language: str | None = None
    medium: Medium | None = None
    made_by: str = ""
    measures: str = ""
    seconds: str = ""
    is_cancelled: bool = False
    withheld: str = ""
    parameters: tuple[Parameter, ...] = ()
    left: LeftWords | None = None
    given_left: LeftWords | None = None

    @property
    def tag(self) -> str:
        """The language tag of the text: `mul` where it is only partly in its language; empty where nobody said."""
        return self.left.tag if self.left else self.language or ""

    def way(self, name_of: Callable[[str], str], words: Mapping[str, str]) -> tuple[str, ...]:
        """From which language into which a text went, or the one it is in, marked where it is not all in it."""
        if self.from_language or self.to_language:
            start = marked(name_of(self.from_language or "?"), self.given_left, "?")
            return start, marked(name_of(self.to_language or "?"), self.left, words["not translated"])
        return (marked(name_of(self.language or "?"), self.left, words["not translated"]),) if self.tag else ()

    def way_note(self, words: Mapping[str, str]) -> str:
        """What is to be said beside the way: `3 of 4 words unknown`."""
        return self.left.told(words) if self.left and not self.left.is_all else ""

    @property
    def caption(self) -> str:
        """Who made it, and what a picture needs said beside it."""
        return joined(self.made_by, self.measures)


@dataclass(frozen=True, slots=True)
class Chapter:
    """The boxes of one stage, or of one output, which may have a configuration of its own.

    The title is that of the stage (`Interception`), or `Output 1 · sd35_large`.
    """

    title: str
    stage: int | None
    output: int | None
    config: str
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


def joined(*parts: str) -> str:
    """The parts that are not empty, with dots between them.

    >>> joined("ollama", "", "2.0 s")
    'ollama · 2.0 s'
    """
    return " · ".join(filter(None, parts))
