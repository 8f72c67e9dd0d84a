"""Lines on a page: a flowable that draws them and can be split between any two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from reportlab.platypus import Spacer

from exporters.formats.pdf.lines import SIGN_ROOM, SIGN_SIZE, Line
from exporters.formats.pdf.shaping import PER_EM
from exporters.formats.pdf.structure import Node, Told
from exporters.formats.pdf.styles import GREY, WHITE

_BASELINE = 0.74
"""Where letters stand, in heights of a line from its top."""
_BAR = 1.6
_STILL = 0.005


class TextBlock(Told):
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
        node: Node | None = None,
    ) -> None:
        super().__init__()
        # ReportLab leaves such room out at the top of a page.
        self.spaceBefore = above
        self.node = node or Node("P")
        self._was_drawn = False
        self._lines, self._own_width = tuple(lines), own_width
        self._bookmark, self._title, self._level = bookmark, title, level

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """The width that there is, and the height of all lines."""
        self.width, self.height = (
            self._own_width or available_width,
            sum(line.above + line.height for line in self._lines),
        )
        return self.width, self.height

    def split(self, available_width: float, available_height: float) -> list[TextBlock]:
        """What fits into that height, and the rest; nothing where not one line does."""
        fitting = _how_many_fit(self._lines, available_height)
        if not fitting:
            return []
        told: dict[str, Any] = {"bookmark": self._bookmark, "title": self._title, "level": self._level}
        first, rest = TextBlock(self._lines[:fitting], **told, node=self.node), self._lines[fitting:]
        return [first, TextBlock(rest, node=self.node)] if rest else [first]

    def chunks(self, count: int) -> list[TextBlock]:
        """The same in texts of `count` lines, for rows of a table that go over pages."""
        return [
            TextBlock(self._lines[start : start + count], own_width=self._own_width, node=self.node)
            for start in range(0, len(self._lines), count)
        ]

    def draw(self) -> None:
        """All lines, from the top. What is drawn again, such as the head of a table, is told of once."""
        canvas, top = self.canv, self.height
        if self._bookmark:
            canvas.bookmarkHorizontal(self._bookmark, 0, top + 6)
        if self._title:
            canvas.addOutlineEntry(self._title, self._bookmark, self._level)
        for (link, language), group in groupby(self._lines, key=lambda line: (line.link, line.language)):
            node = Node("Link") if link else self.node
            if link:
                self.node.kids.append(node)
            with canvas.telling(None if self._was_drawn else node, language):
                for line in group:
                    top -= line.above
                    _draw_line(canvas, line, top, self.width, node)
                    top -= line.height
        self._was_drawn = True


def _how_many_fit(lines: Sequence[Line], height: float) -> int:
    for place, line in enumerate(lines):
        height -= line.above + line.height
        if height < 0:
            return place
    return len(lines)


def stacked(*paragraphs: Iterable[Line]) -> list[Line]:
    """Paragraphs one below the other."""
    return [line for paragraph in paragraphs for line in paragraph]


def each(lines: Iterable[Line], **changes: Any) -> list[Line]:
    """The same lines, all changed in the same way: with a bar at their left, a link, an indent, or at the right."""
    return [replace(line, **changes) for line in lines]


class _Gap(Spacer):  # type: ignore[misc]
    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        return 0.0, min(self.height, max(available_height, 0.0))


def gap(height: float) -> Spacer:
    """Room between two things. It ends with the page: what is left of it would make an empty one."""
    return _Gap(0, height)


def _draw_line(canvas: Any, line: Line, top: float, width: float, node: Node) -> None:
    left = width - line.width if line.to_the_right else line.indent
    if line.bar:
        canvas.setFillColorRGB(*line.bar)
        canvas.rect(0, top - line.height, _BAR, line.height, stroke=0, fill=1)
    if line.link:
        canvas.link(line, (left, top - line.height, left + line.width, top), node)
    draw_letters(canvas, line, left, top - _BASELINE * line.height)


def draw_letters(canvas: Any, line: Line, left: float, baseline: float) -> None:
    """The letters of a line from `left`, in the order in which they are read."""
    _draw_frames(canvas, line, left, baseline)
    canvas.addLiteral(" ".join(["BT", *_commands(canvas, line, left, baseline), "ET"]))


def _draw_frames(canvas: Any, line: Line, left: float, baseline: float) -> None:
    """The frames of all signs of a line at once; a text may be nothing but signs."""
    frames = []
    for one, right in zip(line.placed, line.lefts, strict=True):
        size = one.style.size
        if one.is_sign:
            frames.append(
                f"{left + right + 0.06 * size:.6g} {baseline - 0.14 * size:.6g} {one.width - 0.12 * size:.6g} "
                f"{0.82 * size:.6g} re"
            )
    if frames:
        canvas.setStrokeColorRGB(*GREY)
        canvas.setFillColorRGB(*WHITE)
        canvas.setLineWidth(0.4)
        canvas.setLineJoin(1)
        canvas.addLiteral(" ".join([*frames, "B"]))


def _commands(canvas: Any, line: Line, left: float, baseline: float) -> Iterator[str]:
    """The pieces in PDF's own words (9.4); font, size, colour and place only where they change."""
    font = colour = pen = None
    for one, right in zip(line.placed, line.lefts, strict=True):
        size = one.style.size * (SIGN_SIZE if one.is_sign else 1)
        embedded = canvas.embedded(one.piece.typeface)
        told_colour = GREY if one.is_sign else one.style.colour
        if (embedded, size) != font:
            font = (embedded, size)
            yield f"/{embedded.resource} {size:.6g} Tf"
        if told_colour != colour:
            colour = told_colour
            yield f"{colour[0]:.3g} {colour[1]:.3g} {colour[2]:.3g} rg"
        start = right
        if one.goes_left:  # from the glyph at the right end
            start += one.width - (one.piece.glyphs[-1].advance / PER_EM * size if one.piece.glyphs else 0)
        if pen is None or abs(start - pen) > _STILL:
            yield f"1 0 0 1 {left + start:.6g} {baseline:.6g} Tm"
        pen = None if one.goes_left else right + one.width
        room = f"{-SIGN_ROOM / SIGN_SIZE * 500:.6g}" if one.is_sign else ""
        yield f"[{room}{embedded.shown(one.piece, leftwards=one.goes_left)}{room}] TJ"
