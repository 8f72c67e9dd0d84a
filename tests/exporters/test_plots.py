"""Plots: the same bytes every time, in every script, without a trace of who drew them when."""

import io
import sys
import warnings
from xml.etree import ElementTree

import pytest
from PIL import Image

from exporters.plots.bars import BarPiece, bars_plot, stacked_plot
from exporters.plots.drift import DriftLine, Panel, Point, drift_plot
from exporters.plots.plot import COLOURS, plain
from exporters.plots.spreads import spreads_plot

NAMES = ("stillepost", "夢の旅", "رحلة", "ไทย हिन्दी", "_hidden", "$x^2$", "NUL ␀ \U000e0041", "a" * 200)


def a_line(name, *values):
    return DriftLine(name, tuple(Point(hop, value - 5, value, value + 5, 3) for hop, value in enumerate(values, 1)))


PLOTS = {
    "drift": lambda: drift_plot(
        "Drift",
        "Hop",
        [
            Panel("chrF", 100.0, tuple(a_line(name, 90, 40, 30) for name in NAMES[:5])),
            Panel("Ratio", None, (a_line("a", 1),)),
        ],
    ),
    "bars": lambda: bars_plot("Languages", "Hops", [(name, place) for place, name in enumerate(NAMES)]),
    "stacked": lambda: stacked_plot(
        "Outcomes",
        "Runs",
        [BarPiece("completed", COLOURS[0]), BarPiece("_failed", COLOURS[1], "xx")],
        [(name, (3, place)) for place, name in enumerate(NAMES)],
    ),
    "spreads": lambda: spreads_plot("Times", "Seconds", [(name, [0.0, 1e-9, 3.0, 1e6]) for name in NAMES]),
}
in_every_kind = pytest.mark.parametrize("name", PLOTS)


@in_every_kind
def test_the_same_table_gives_the_same_bytes(name):
    first, second = PLOTS[name](), PLOTS[name]()
    assert first.svg() == second.svg() == first.svg()
    assert first.png() == second.png() == first.png()


@in_every_kind
def test_nothing_says_when_or_with_what_it_was_drawn(name):
    plot = PLOTS[name]()
    assert b"date" not in plot.svg().lower()
    assert b"Software" not in plot.png()
    ElementTree.fromstring(plot.svg())


@in_every_kind
def test_labels_of_every_script_are_drawn_without_complaint(name):
    """Signs that nobody can draw are named; an underscore hides nothing, a dollar begins no formula."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(PLOTS[name]().png()) > 2_000


@in_every_kind
def test_a_picture_is_as_sharp_as_print(name):
    plot = PLOTS[name]()
    with Image.open(io.BytesIO(plot.png())) as picture:
        assert abs(picture.width - plot.size[0] / 72 * 200) <= 1


def test_lines_are_told_apart_without_colours():
    """By their marks and dashes."""
    lines = PLOTS["drift"]().figure.axes[0].get_lines()
    looks = {(line.get_marker(), str(line._dash_pattern)) for line in lines}
    assert len(looks) == len(lines) == 5


def test_an_axis_says_what_it_counts():
    for make in PLOTS.values():
        for axes in make().figure.axes:
            assert axes.get_xlabel() in ("Hop", "Hops", "Runs", "Seconds")


def test_no_state_of_matplotlib_is_changed():
    """No figure is kept anywhere, and what others set stays as it was."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    PLOTS["drift"]().svg()
    assert dict(matplotlib.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()


def test_what_cannot_be_drawn_is_named():
    assert plain("a\U000e0041b") == "a[U+E0041]b"
    assert plain("_x") == " _x"
    assert plain("eins zwei drei", 9) == "eins zwei …"
