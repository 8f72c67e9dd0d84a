"""How far texts drift, hop by hop: a chart for each measure, a line with its spread for each configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exporters.plots.plot import (
    COLOURS,
    DASHES,
    MARKERS,
    SIZE,
    SOFT,
    Plot,
    finished,
    legend,
    letters,
    new_figure,
    plain,
    quiet,
)

_WIDTH, _HEIGHT, _LEGEND = 480.0, 170.0, 14.0
_PER_ROW = 2


@dataclass(frozen=True, slots=True)
class Point:
    """What a measure is at a hop: median and quartiles of so many values."""

    hop: int
    low: float
    middle: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class DriftLine:
    """One configuration."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure: its name with its unit, the highest value that it can have (None: there is none), and its lines."""

    label: str
    highest: float | None
    lines: tuple[DriftLine, ...]


def drift_plot(
    title: str, axis: str, panels: Sequence[Panel], *, alternative: str = "", notes: tuple[str, ...] = ()
) -> Plot:
    """The charts, two in a row; `axis` names the hops."""
    columns = min(_PER_ROW, len(panels))
    rows = -(-len(panels) // columns)
    names = [line.name for line in panels[0].lines]
    figure = new_figure(_WIDTH, rows * _HEIGHT + _LEGEND * len(names))
    for number, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, number)
        _draw(axes, panel)
        axes.set_xlabel(plain(axis), **letters())
        axes.set_title(plain(panel.label, 60), loc="left", **letters(SIZE + 0.5))
    handles = figure.axes[0].get_lines()[: len(names)]
    _legend_below(figure, handles, names)
    return finished(title, figure, alternative, notes)


def _draw(axes: Any, panel: Panel) -> None:
    from matplotlib.ticker import MaxNLocator

    for place, line in enumerate(panel.lines):
        colour = COLOURS[place % len(COLOURS)]
        hops = [point.hop for point in line.points]
        axes.plot(
            hops,
            [point.middle for point in line.points],
            color=colour,
            linestyle=DASHES[place % len(DASHES)],
            marker=MARKERS[place % len(MARKERS)],
            markersize=3.5,
            linewidth=1.3,
            label=plain(line.name),
            zorder=3,
        )
        lows, highs = ([getattr(point, side) for point in line.points] for side in ("low", "high"))
        axes.fill_between(hops, lows, highs, color=colour, alpha=0.16, linewidth=0, zorder=2)
    axes.set_ylim(bottom=0, top=panel.highest * 1.04 if panel.highest else None)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
    quiet(axes, grid="y")
    if panel.highest is None:
        axes.axhline(1, color=SOFT, linewidth=0.6, zorder=1)


def _legend_below(figure: Any, handles: Sequence[Any], names: Sequence[str]) -> None:
    legend(figure, handles=handles, labels=[plain(name, 60) for name in names], loc="outside lower left", ncols=1)
