"""Counts as bars: one for each name, or several kinds one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exporters.plots.plot import COLOURS, INK, Plot, finished, legend, letters, new_figure, plain, quiet

_WIDTH, _ROW, _AROUND = 480.0, 20.0, 62.0
_LEGEND_COLUMNS = 4
_WIDE_ENOUGH = 0.035
"""Of the axis: a narrower piece has no number in it."""


@dataclass(frozen=True, slots=True)
class BarPiece:
    """What a piece of a bar stands for: its name, its colour, and lines that tell it apart without colours."""

    name: str
    colour: str
    hatch: str = ""
    ink: str = "#FFFFFF"


def bars_plot(
    title: str,
    axis: str,
    rows: Sequence[tuple[str, int]],
    *,
    alternative: str = "",
    notes: tuple[str, ...] = (),
) -> Plot:
    """A bar for each name, with its number."""
    figure = new_figure(_WIDTH, _AROUND + _ROW * len(rows))
    axes = figure.add_subplot()
    names, counts = [name for name, _ in rows], [count for _, count in rows]
    axes.barh(range(len(rows)), counts, height=0.62, color=COLOURS[0])
    for place, count in enumerate(counts):
        axes.annotate(f"{count:,}", (count, place), (3, 0), textcoords="offset points", va="center", **letters())
    _finish(axes, names, axis, max(counts, default=1))
    return finished(title, figure, alternative, notes)


def stacked_plot(
    title: str,
    axis: str,
    kinds: Sequence[BarPiece],
    rows: Sequence[tuple[str, Sequence[int]]],
    *,
    alternative: str = "",
    notes: tuple[str, ...] = (),
) -> Plot:
    """A bar for each name, of pieces: how many there are of each kind."""
    figure = new_figure(_WIDTH, _AROUND + _ROW * len(rows) + 15 * -(-len(kinds) // _LEGEND_COLUMNS))
    axes = figure.add_subplot()
    longest = max((sum(counts) for _, counts in rows), default=1)
    lefts = [0] * len(rows)
    for place, kind in enumerate(kinds):
        counts = [row[1][place] for row in rows]
        axes.barh(
            range(len(rows)),
            counts,
            left=lefts,
            height=0.62,
            color=kind.colour,
            hatch=kind.hatch,
            edgecolor="#FFFFFF",
            linewidth=0.8,
            label=plain(kind.name),
        )
        _number(axes, kind, counts, lefts, longest)
        lefts = [left + count for left, count in zip(lefts, counts, strict=True)]
    _finish(axes, [name for name, _ in rows], axis, longest)
    legend(axes.figure, loc="outside lower left", ncols=_LEGEND_COLUMNS)
    return finished(title, figure, alternative, notes)


def _number(axes: Any, kind: BarPiece, counts: Sequence[int], lefts: Sequence[int], longest: int) -> None:
    for place, (count, left) in enumerate(zip(counts, lefts, strict=True)):
        if count and count / longest > _WIDE_ENOUGH:
            box = {"boxstyle": "square,pad=0.15", "facecolor": kind.colour, "edgecolor": "none"}
            axes.text(
                left + count / 2, place, f"{count:,}", ha="center", va="center", bbox=box, **letters(colour=kind.ink)
            )


def _finish(axes: Any, names: Sequence[str], axis: str, longest: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_yticks(range(len(names)), [plain(name) for name in names], **letters())
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, longest * 1.08)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.set_xlabel(plain(axis, 60), **letters(colour=INK))
    quiet(axes, grid="x")
    axes.tick_params(axis="y", length=0)
