"""A drawing of matplotlib as SVG or PNG, the same bytes every time; legible without colours, in every script.

Nothing here is global but the fonts that matplotlib knows: figures are made by themselves, not by pyplot.
"""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from exporters.story.letters import beginning
from exporters.story.printed.signs import Sign, drawn, pieces
from otel_tracking.extras import Extra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from exporters.formats.pdf.fontfiles import FontFile

NEEDED = Extra("plots")
PER_INCH = 72.0
SHARP = 200
"""Dots per inch of a picture of pixels."""

INK, SOFT, LINE = "#1F2933", "#5F6B7A", "#D9DEE5"
SIZE = 8.0
"""Of letters, in points."""

COLOURS = ("#0B4F6C", "#D55E00", "#7A4FA0", "#009E73", "#8C6D00", "#56B4E9")
"""Told apart with every kind of colour blindness (after Okabe and Ito), and by how dark they are."""
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 3)))
"""So are lines in print without colours: by their marks and dashes."""

_TELLING_NOTHING: Any = {"svg.hashsalt": "otel-tracking", "svg.fonttype": "path"}
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """A drawing with its title, what it says in words to whoever cannot see it, and notes below it."""

    title: str
    figure: Figure
    alternative: str
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points."""
        width, height = self.figure.get_size_inches()
        return float(width) * PER_INCH, float(height) * PER_INCH

    def svg(self) -> bytes:
        """The drawing as SVG, its letters as outlines."""
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        out = io.BytesIO()
        # The salt of ids can be told in no other way; it is global while a file is written.
        with _ONE_AT_A_TIME, matplotlib.rc_context(_TELLING_NOTHING):
            canvas: Any = FigureCanvasSVG(self.figure)
            canvas.print_svg(out, metadata={"Date": None, "Creator": None})
        return out.getvalue()

    def png(self, dots_per_inch: int = SHARP) -> bytes:
        """The drawing as pixels."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        out = io.BytesIO()
        canvas: Any = FigureCanvasAgg(self.figure)
        before = self.figure.dpi
        try:
            self.figure.set_dpi(dots_per_inch)
            canvas.print_png(out, metadata={"Software": None})
        finally:
            self.figure.set_dpi(before)
        return out.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """An empty drawing, of a size in points. Raises `MissingExtra` where matplotlib is not installed."""
    with NEEDED:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    figure = Figure(figsize=(width / PER_INCH, height / PER_INCH), dpi=PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def finished(title: str, figure: Figure, alternative: str, notes: tuple[str, ...]) -> Plot:
    """The plot of a figure to which nothing will be added: what has its place keeps it, however often it is drawn."""
    _narrow_fonts(figure)
    figure.get_layout_engine().execute(figure)  # type: ignore[union-attr]  # new_figure gave it one
    figure.set_layout_engine("none")
    return Plot(title, figure, alternative, notes)


def _narrow_fonts(figure: Figure) -> None:
    """Texts that the first font has all letters of are told of no other.

    For every look at a text, matplotlib finds each of its fonts: two dozen of them were half the time of a drawing.
    """
    from matplotlib.text import Text

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_ticklabels()  # numbers of an axis have no text before
    for text in figure.findobj(Text):
        if text.get_text() and all(map(_is_in_first_font, text.get_text())):
            text.set_fontfamily(families()[0])


@functools.cache
def families() -> tuple[str, ...]:
    """The fonts that letters are taken from, in order: those of documents, then the one that comes with matplotlib."""
    from matplotlib import font_manager

    known = font_manager.fontManager
    found = []
    for path in dict.fromkeys(font.path for font in _fonts()):
        known.addfont(path)
        # Of fonts with all weights it knows the one that they begin with, and would complain at each label.
        known.ttflist[-1] = replace(known.ttflist[-1], weight=400)
        found.append(known.ttflist[-1].name)
    return (*dict.fromkeys(found), "DejaVu Sans")


@functools.cache
def _fonts() -> Sequence[FontFile]:
    """The fonts of documents; none where documents are not installed."""
    try:
        from exporters.formats.pdf.fontfiles import packaged_fonts

        fonts = packaged_fonts()
    except ImportError:
        return ()
    return sorted(fonts, key=lambda font: (font.family != "Noto Sans", "CJK" in font.family, font.family))


def letters(size: float = SIZE, colour: str = INK) -> dict[str, Any]:
    """How letters look, as matplotlib takes it."""
    return {"fontfamily": list(families()), "fontsize": size, "color": colour}


def quiet(axes: Any, *, grid: str = "") -> None:
    """Axes without what says nothing: no frame, thin lines behind what is drawn."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SOFT)
        axes.spines[side].set_linewidth(0.6)
    axes.tick_params(labelsize=SIZE, labelfontfamily=list(families()), colors=SOFT, labelcolor=INK, width=0.6, length=3)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=LINE, linewidth=0.5)


def legend(axes: Any, **where: Any) -> None:
    """Which line is which."""
    from matplotlib.font_manager import FontProperties

    font = FontProperties(family=list(families()), size=SIZE)
    axes.legend(prop=font, frameon=False, handlelength=3.2, labelcolor=INK, **where)


def plain(text: str, most: int = 34) -> str:
    """A label on one line, not too long; what cannot be drawn is named, and no sign in it means anything else.

    A dollar sign would begin a formula, an underscore would hide a line from a legend.
    """
    shown = beginning(text, most)
    missing = frozenset(one for one in drawn(shown) if not _has_glyph(one))
    told = "".join(f"[{piece.label}]" if isinstance(piece, Sign) else piece for piece in pieces(shown, missing))
    return (f" {told}" if told.startswith("_") else told).replace("$", r"\$")


def _has_glyph(character: str) -> bool:
    fonts = _fonts()
    return not fonts or any(font.has(character) for font in fonts)


def _is_in_first_font(character: str) -> bool:
    fonts = _fonts()
    return bool(fonts) and fonts[0].has(character)
