"""Sizes and colours of a page."""

from __future__ import annotations

from dataclasses import dataclass, replace

Colour = tuple[float, float, float]


def colour(hexadecimal: str) -> Colour:
    """`#1f2933` as ReportLab takes it."""
    red, green, blue = (int(hexadecimal[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return (red, green, blue)


def lighter(one: Colour, share: float = 0.45) -> Colour:
    """A colour on its way to white."""
    red, green, blue = (part + (1 - part) * share for part in one)
    return (red, green, blue)


WHITE, INK, GREY, FAINT, WASH = map(colour, ("#ffffff", "#1f2933", "#5f6b7a", "#d9dee5", "#f5f7f9"))
TONES = {
    "plain": INK,
    "key": colour("#1d4e6b"),
    "good": colour("#2b6e4f"),
    "stop": colour("#9a5b00"),
    "bad": colour("#a61b1b"),
}
FATES = {"same": GREY, "changed": TONES["stop"], "added": TONES["key"], "lost": TONES["bad"], "unknown": GREY}
_STAGES = tuple(map(colour, ("#7b8794", "#3f6c9b", "#7a4fa0", "#b0781c", "#2f7d5b", "#7b8794")))


def stage_colour(stage: object) -> Colour:
    """The colour of a stage; grey where there is no such stage."""
    return _STAGES[stage] if type(stage) is int and 0 <= stage < len(_STAGES) else GREY


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
