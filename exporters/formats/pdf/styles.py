"""Sizes and colours of a page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from exporters.formats.printed import colours

Colour = tuple[float, float, float]


def colour(hexadecimal: str) -> Colour:
    """`1f2933` as ReportLab takes it."""
    red, green, blue = (int(hexadecimal[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return (red, green, blue)


def lighter(one: Colour, share: float = 0.45) -> Colour:
    """A colour on its way to white."""
    red, green, blue = (part + (1 - part) * share for part in one)
    return (red, green, blue)


WHITE = (1.0, 1.0, 1.0)
INK, GREY, FAINT, WASH = map(colour, (colours.INK, colours.GREY, colours.FAINT, colours.WASH))
TONES = {name: colour(digits) for name, digits in colours.TONES.items()}
FATES = {fate: colour(digits) for fate, digits in colours.FATES.items()}
_STAGES = {stage: colour(digits) for stage, digits in colours.STAGES.items()}


def stage_colour(stage: object) -> Colour:
    """The colour of a stage; grey where there is no such stage."""
    return _STAGES.get(stage, GREY) if type(stage) is int else GREY


@dataclass(frozen=True, slots=True)
class Style:
    """How letters look: their size in points, their weight (400 is usual) and colour."""

    size: float = 9.5
    weight: int = 400
    colour: Colour = INK

    def but(self, **changes: object) -> Style:
        """The same with something changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


TEXT = Style()
SMALL = Style(8, colour=GREY)
TAG = Style(7, 500, GREY)
"""Names of columns, in capitals."""

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
MARGIN, BOTTOM = 56.7, 62.4
WIDTH = PAGE_WIDTH - 2 * MARGIN
"""Of the text, in points."""
