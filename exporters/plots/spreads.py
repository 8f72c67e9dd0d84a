"""How values spread: a box for each name, from the shortest to the longest, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence

from exporters.plots.plot import COLOURS, INK, Plot, finished, letters, new_figure, plain, quiet

_WIDTH, _ROW, _AROUND = 480.0, 20.0, 58.0
_SHORTEST = 0.0005
"""Seconds: what took less is drawn there, for a logarithm knows no nothing."""


def spreads_plot(
    title: str,
    axis: str,
    rows: Sequence[tuple[str, Sequence[float]]],
    *,
    alternative: str = "",
    notes: tuple[str, ...] = (),
) -> Plot:
    """A box for each name, with how many values there are in brackets."""
    figure = new_figure(_WIDTH, _AROUND + _ROW * len(rows))
    axes = figure.add_subplot()
    line = {"color": INK, "linewidth": 0.8}
    axes.boxplot(
        [[max(value, _SHORTEST) for value in values] for _, values in rows],
        positions=range(len(rows)),
        orientation="horizontal",
        widths=0.55,
        whis=(0, 100),
        patch_artist=True,
        boxprops={"facecolor": "#BCD3DE", "edgecolor": INK, "linewidth": 0.8},
        medianprops={"color": COLOURS[1], "linewidth": 1.8},
        whiskerprops=line,
        capprops=line,
        manage_ticks=False,
    )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.set_yticks(range(len(rows)), [f"{plain(name)} ({len(values):,})" for name, values in rows], **letters())
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(plain(axis, 60), **letters())
    quiet(axes, grid="x")
    axes.tick_params(axis="y", length=0)
    return finished(title, figure, alternative, notes)
