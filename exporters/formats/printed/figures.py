"""What was made as figures, numbered through the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporters.formats.printed.limits import shortened
from exporters.formats.printed.pictures import LONGEST_SIDE, Picture, printable
from exporters.story.letters import cut
from exporters.story.parts import Box, Parameter, joined
from exporters.story.story import Story
from otel_tracking.audience import Audience
from otel_tracking.taxonomy import OUTPUT_TYPES

_LONGEST, _MOST_DETAILS = 400, 40


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that was made, or a picture that was given; `note` says why there is no picture."""

    number: int
    title: str
    caption: str
    alternative: str
    picture: Picture | None
    note: str
    is_withheld: bool
    details: tuple[Parameter, ...]


def figure_numbers(story: Story) -> dict[int | None, int]:
    """Number of the figure by number of the box: everything that was made and every picture that was given."""
    shown = [box for box in story.boxes if box.medium or (box.withheld and box.item_type in OUTPUT_TYPES)]
    return {box.number: number for number, box in enumerate(shown, start=1)}


def figures_of(story: Story, numbers: Mapping[int | None, int], longest_side: int = LONGEST_SIDE) -> Iterator[Figure]:
    """The figures in order; pictures are at most so many pixels long."""
    for box in story.boxes:
        if box.number in numbers:
            yield _figure(box, numbers[box.number], story, longest_side)


def _figure(box: Box, number: int, story: Story, longest_side: int) -> Figure:
    medium, words = box.medium, story.words
    picture = printable(medium.content, longest_side) if medium and medium.content else None
    title = joined(box.label, f"{words['output']} {box.output}" if box.output is not None else "")
    return Figure(
        number=number,
        title=title,
        caption=box.caption,
        alternative=_alternative(box, title),
        picture=picture,
        note="" if picture else _why_no_picture(box, words, with_path=story.audience != Audience.STUDENT),
        is_withheld=bool(box.withheld),
        details=tuple(shortened(detail, words, _LONGEST) for detail in box.parameters[:_MOST_DETAILS]),
    )


def _alternative(box: Box, title: str) -> str:
    """What a screen reader says instead of the picture."""
    asked = next((detail.value for detail in box.parameters if detail.name == "prompt"), "")
    return cut(joined(title, box.caption, asked), _LONGEST)


def _why_no_picture(box: Box, words: Mapping[str, str], *, with_path: bool) -> str:
    medium = box.medium
    if box.withheld or not medium:
        return box.withheld
    why = words["no picture"] if medium.content else words["not here"]
    return f"{why} {joined(medium.mime_type or medium.kind, medium.size, medium.file_path if with_path else '')}"
