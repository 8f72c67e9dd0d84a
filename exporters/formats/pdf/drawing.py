"""A plot on a page: matplotlib draws its lines with PDF's own, and its letters are those of the document.

So it is sharp at any size, its labels are text in every script, and no font is in the file twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgb
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from exporters.formats.pdf.flow import draw_letters
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.structure import Node, Told
from exporters.formats.pdf.styles import Style
from exporters.plots.plot import Plot

_ASCENT, _DESCENT = 0.78, 0.22
"""How far letters reach above and below the line that they stand on, in sizes."""
_HATCH = 72.0
"""Points after which a pattern of lines begins again."""


class Drawing(Told):
    """A plot, as wide as it is; where there is less room, smaller."""

    def __init__(self, setter: Typesetter, plot: Plot) -> None:
        super().__init__()
        self.node = Node("Figure", alternative=plot.alternative)
        self._setter, self._plot = setter, plot

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """The width that there is, and the height of the plot in it."""
        width, height = self._plot.size
        self._scale = min(1.0, available_width / width)
        return available_width, height * self._scale

    def draw(self) -> None:
        """The plot."""
        canvas = self.canv
        canvas.saveState()
        canvas.scale(self._scale, self._scale)
        with canvas.telling(self.node):
            self._plot.figure.draw(_OnCanvas(canvas, self._setter, *self._plot.size))
        canvas.restoreState()


class _OnCanvas(RendererBase):
    """What matplotlib draws with, in points from the lower left."""

    def __init__(self, canvas: Any, setter: Typesetter, width: float, height: float) -> None:
        super().__init__()
        self._canvas, self._setter, self._size = canvas, setter, (width, height)

    def flipy(self) -> bool:
        """Whether heights are counted from the top; in PDF they are not."""
        return False

    def get_canvas_width_height(self) -> tuple[float, float]:
        """In points."""
        return self._size

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        """How much room a text takes."""
        size = prop.get_size_in_points()
        return self._line(s, size).width, (_ASCENT + _DESCENT) * size, _DESCENT * size

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """A line, an area, or both."""
        canvas = self._canvas
        canvas.saveState()
        self._clip(gc)
        stroked = gc.get_linewidth() > 0 and gc.get_rgb()[3] > 0
        if rgbFace is not None:
            canvas.setFillColorRGB(*rgbFace[:3])
            canvas.setFillAlpha(_opacity(gc, rgbFace))
        self._pen(gc)
        drawn = self._outline(path, transform)
        canvas.drawPath(drawn, stroke=int(stroked), fill=int(rgbFace is not None))
        if gc.get_hatch():
            self._hatch(gc, path, transform)
        canvas.restoreState()

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        """A label."""
        canvas = self._canvas
        canvas.saveState()
        canvas.translate(x, y)
        canvas.rotate(angle)
        draw_letters(canvas, self._line(s, prop.get_size_in_points(), gc.get_rgb()), 0, 0)
        canvas.restoreState()

    def _line(self, text: str, size: float, colour: Any = (0, 0, 0)) -> Line:
        style = Style(size, colour=to_rgb(colour))
        return self._setter.lines([Span(text, style)], 10_000)[0]

    def _clip(self, gc: Any) -> None:
        box, (path, transform) = gc.get_clip_rectangle(), gc.get_clip_path()
        if box is not None:
            outline = self._canvas.beginPath()
            outline.rect(box.x0, box.y0, box.width, box.height)
            self._canvas.clipPath(outline, stroke=0, fill=0)
        if path is not None:
            self._canvas.clipPath(self._outline(path, transform), stroke=0, fill=0)

    def _pen(self, gc: Any) -> None:
        canvas = self._canvas
        canvas.setStrokeColorRGB(*gc.get_rgb()[:3])
        canvas.setStrokeAlpha(_opacity(gc, gc.get_rgb()))
        canvas.setLineWidth(gc.get_linewidth())
        canvas.setLineCap({"butt": 0, "round": 1, "projecting": 2}[gc.get_capstyle()])
        canvas.setLineJoin({"miter": 0, "round": 1, "bevel": 2}[gc.get_joinstyle()])
        offset, dashes = gc.get_dashes()
        canvas.setDash(list(dashes) if dashes is not None else [], offset or 0)

    def _hatch(self, gc: Any, path: Any, transform: Any) -> None:
        """Lines over an area, which tell it apart without colours."""
        canvas, box = self._canvas, path.get_extents(transform)
        canvas.clipPath(self._outline(path, transform), stroke=0, fill=0)
        canvas.setStrokeColorRGB(*to_rgb(gc.get_hatch_color()))
        canvas.setLineWidth(gc.get_hatch_linewidth())
        for right in range(math.floor(box.x0 / _HATCH), math.ceil(box.x1 / _HATCH)):
            for up in range(math.floor(box.y0 / _HATCH), math.ceil(box.y1 / _HATCH)):
                tile = Affine2D().scale(_HATCH).translate(right * _HATCH, up * _HATCH)
                canvas.drawPath(self._outline(gc.get_hatch_path(), tile), stroke=1, fill=0)

    def _outline(self, path: Any, transform: Any) -> Any:
        drawn = self._canvas.beginPath()
        for name, points in _steps(path, transform):
            getattr(drawn, name)(*points)
        return drawn


def _opacity(gc: Any, colour: Any) -> float:
    return float(gc.get_alpha() if gc.get_forced_alpha() else colour[3] if len(colour) > 3 else 1)


def _steps(path: Any, transform: Any) -> Iterator[tuple[str, tuple[float, ...]]]:
    """A path as steps of ReportLab's pen; a curve with one control point has two there."""
    here = (0.0, 0.0)
    for points, code in path.iter_segments(transform, simplify=False):
        numbers = tuple(float(number) for number in points)
        if code == Path.CLOSEPOLY:
            yield "close", ()
            continue
        if code == Path.CURVE3:
            yield "curveTo", (*_cubic(here, numbers), *numbers[2:])
        else:
            names = {Path.MOVETO: "moveTo", Path.LINETO: "lineTo", Path.CURVE4: "curveTo"}
            yield names[code], numbers
        here = (numbers[-2], numbers[-1])


def _cubic(start: tuple[float, float], numbers: tuple[float, ...]) -> tuple[float, ...]:
    control, end = numbers[:2], numbers[2:]
    first = (one + 2 / 3 * (two - one) for one, two in zip(start, control, strict=True))
    second = (one + 2 / 3 * (two - one) for one, two in zip(end, control, strict=True))
    return (*first, *second)
