"""How much of a run a document shows before it says that there is more: a document is to be read.

Texts are whole up to 120,000 characters, which are about twenty pages. Only where all texts together would fill some
hundred pages are they shortened, and it says so at each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from exporters.story.letters import cut
from exporters.story.parts import Chapter, Parameter
from exporters.story.story import Story

_LONGEST_TEXT = 120_000
_ALL_TEXTS = 1_500_000
_MOST_BOXES = 2_000
_LINE = 50
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class PrintLimits:
    """The most characters of one text, calls of a run, and lines of a call."""

    text: int
    calls: int = 200
    lines: int = 60

    @classmethod
    def of(cls, story: Story) -> PrintLimits:
        """Limits for this story."""
        lengths = [len(box.text) for box in story.boxes[:_MOST_BOXES]]
        if sum(lengths) <= _ALL_TEXTS:
            return cls(_LONGEST_TEXT)
        return cls(max(_ALL_TEXTS // max(len(lengths), 1), 600))

    def chapters(self, chapters: tuple[Chapter, ...]) -> tuple[tuple[Chapter, ...], int]:
        """The chapters as far as they are shown, and how many boxes are not."""
        shown, room = [], _MOST_BOXES
        for chapter in chapters:
            if room > 0:
                shown.append(replace(chapter, boxes=chapter.boxes[:room]))
            room -= len(chapter.boxes)
        return tuple(shown), max(-room, 0)


def room(text: str) -> int:
    r"""How many characters could stand where a text does; a line that ends early is one all the same.

    >>> room("abc"), room("a\nb")
    (3, 53)
    """
    return len(text) + _LINE * text.count("\n")


def short(text: str, words: Mapping[str, str], limit: int) -> str:
    """`text`, or its beginning and how long it is."""
    shown = cut(text, limit)
    return shown if shown == text else f"{shown} {words['cut'].format(count=f'{len(text):,}')}"


def shortened(parameter: Parameter, words: Mapping[str, str], limit: int) -> Parameter:
    """A parameter whose value is at most that long."""
    return Parameter(cut(parameter.name, LONGEST_NAME), short(parameter.value, words, limit))


def more(count: int, words: Mapping[str, str]) -> tuple[str, ...]:
    """What is said of so many things that are not shown; nothing where there are none."""
    return (words["more rows"].format(count=f"{count:,}"),) if count > 0 else ()
