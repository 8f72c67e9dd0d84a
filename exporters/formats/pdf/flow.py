"""Lines on a page: a flowable that draws them and can be split between any two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from reportlab.platypus import Flowable, Spacer

from exporters.formats.pdf.lines import SIGN_ROOM, SIGN_SIZE, Line, Placed
from exporters.formats.pdf.styles import GREY, WHITE, Colour

_BASELINE = 0.74
"""Where letters stand, in heights of a line from its top."""
_BAR = 1.6


class Text(Flowable):  # type: ignore[misc]
    """Lines one below the other; with an `own_width` they go over the empty cells beside theirs.

    Cells that a table joins would do the same, and cost time in proportion to the square of their number.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        *,
        bookmark: str = "",
        title: str = "",
        level: int = 0,
        above: float = 0,
        own_width: float | None = None,
    ) -> None:
        super().__init__()
        # ReportLab leaves such room out at the top of a page.
        self.spaceBefore = above
        self._lines, self._own_width = tuple(lines), own_width
        self._bookmark, self._title, self._level = bookmark, title, level

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """The width that there is, and the height of all lines."""
        self.width, self.height = (
            self._own_width or available_width,
            sum(line.above + line.height for line in self._lines),
        )
        return self.width, self.height

    def split(self, available_width: float, available_height: float) -> list[Text]:
        """What fits into that height, and the rest; nothing where not one line does."""
        fitting = _how_many_fit(self._lines, available_height)
        if not fitting:
            return []
        first = Text(self._lines[:fitting], bookmark=self._bookmark, title=self._title, level=self._level)
        rest = self._lines[fitting:]
        return [first, Text(rest)] if rest else [first]

    def chunks(self, count: int) -> list[Text]:
        """The same in texts of `count` lines, for rows of a table that go over pages."""
        return [
            Text(self._lines[start : start + count], own_width=self._own_width)
            for start in range(0, len(self._lines), count)
        ]

    def draw(self) -> None:
        """All lines, from the top."""
        canvas, top = self.canv, self.height
        if self._bookmark:
            canvas.bookmarkHorizontal(self._bookmark, 0, top + 6)
        if self._title:
            canvas.addOutlineEntry(self._title, self._bookmark, self._level)
        for line in self._lines:
            top -= line.above
            _draw_line(canvas, line, top, self.width)
            top -= line.height


def _how_many_fit(lines: Sequence[Line], height: float) -> int:
    for place, line in enumerate(lines):
        height -= line.above + line.height
        if height < 0:
            return place
    return len(lines)


def stacked(*paragraphs: Iterable[Line]) -> list[Line]:
    """Paragraphs one below the other."""
    return [line for paragraph in paragraphs for line in paragraph]


def spaced(lines: Sequence[Line], above: float) -> list[Line]:
    """The same lines with that much room above the first."""
    return [replace(line, above=above) if not place else line for place, line in enumerate(lines)]


def beside_bar(lines: Iterable[Line], bar: Colour, indent: float) -> list[Line]:
    """The same lines with a bar at their left."""
    return [replace(line, bar=bar, indent=indent) for line in lines]


def indented(lines: Iterable[Line], indent: float) -> list[Line]:
    """The same lines, further from the left."""
    return [replace(line, indent=indent) for line in lines]


def linked(lines: Iterable[Line], destination: str) -> list[Line]:
    """The same lines as a link to a bookmark."""
    return [replace(line, link=destination) for line in lines]


def right(lines: Iterable[Line]) -> list[Line]:
    """The same lines at the right."""
    return [replace(line, to_the_right=True) for line in lines]


def gap(height: float) -> Spacer:
    """Room between two things."""
    return Spacer(0, height)


def _draw_line(canvas: Any, line: Line, top: float, width: float) -> None:
    baseline = top - _BASELINE * line.height
    left = width - line.width if line.to_the_right else line.indent
    if line.bar:
        canvas.setFillColorRGB(*line.bar)
        canvas.rect(0, top - line.height, _BAR, line.height, stroke=0, fill=1)
    if line.link:
        canvas.linkRect("", line.link, (left, top - line.height, left + line.width, top), relative=1, thickness=0)
    draw_letters(canvas, line.placed, left, baseline)


def draw_letters(canvas: Any, placed: Sequence[Placed], left: float, baseline: float) -> None:
    """Pieces side by side from `left`."""
    _draw_frames(canvas, placed, left, baseline)
    commands = [f"BT 1 0 0 1 {left:.6g} {baseline:.6g} Tm"]
    commands += _commands(canvas, placed)
    canvas.addLiteral(" ".join([*commands, "ET"]))


def _draw_frames(canvas: Any, placed: Sequence[Placed], left: float, baseline: float) -> None:
    """The frames of all signs of a line at once; a text may be nothing but signs."""
    frames = []
    for one in placed:
        size = one.style.size
        if one.is_sign:
            frames.append(
                f"{left + 0.06 * size:.6g} {baseline - 0.14 * size:.6g} {one.width - 0.12 * size:.6g} "
                f"{0.82 * size:.6g} re"
            )
        left += one.width
    if frames:
        canvas.setStrokeColorRGB(*GREY)
        canvas.setFillColorRGB(*WHITE)
        canvas.setLineWidth(0.4)
        canvas.setLineJoin(1)
        canvas.addLiteral(" ".join([*frames, "B"]))


def _commands(canvas: Any, placed: Sequence[Placed]) -> Iterator[str]:
    """The pieces in PDF's own words (9.4); font, size and colour only where they change."""
    font = colour = None
    for one in placed:
        size = one.style.size * (SIGN_SIZE if one.is_sign else 1)
        embedded = canvas.embedded(one.piece.typeface)
        told_colour = GREY if one.is_sign else one.style.colour
        if (embedded, size) != font:
            font = (embedded, size)
            yield f"/{embedded.resource} {size:.6g} Tf"
        if told_colour != colour:
            colour = told_colour
            yield f"{colour[0]:.3g} {colour[1]:.3g} {colour[2]:.3g} rg"
        room = f"{-SIGN_ROOM / SIGN_SIZE * 500:.6g}" if one.is_sign else ""
        yield f"[{room}{embedded.shown(one.piece)}{room}] TJ"
