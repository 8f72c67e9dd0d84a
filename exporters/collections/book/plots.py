"""The plots of many runs: drift by hop, outcomes, languages of routes, times by stage and by engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median, quantiles

from exporters.collections.book.rows import BookRow
from exporters.collections.book.summary import STATUSES, grouped
from exporters.measures.drift import SOURCES
from exporters.plots.bars import BarPiece, bars_plot, stacked_plot
from exporters.plots.drift import DriftLine, Panel, Point, drift_plot
from exporters.plots.plot import Plot
from exporters.plots.spreads import spreads_plot
from exporters.story.language_names import language_name

_MOST_LINES, _MOST_BARS = 5, 20
_HIGHEST = {"chrf": 100.0, "edit_similarity": 1.0, "length_ratio": None}
_KINDS = {
    "completed": ("#0B4F6C", "", "#FFFFFF"),
    "partial": ("#56B4E9", "..", "#1F2933"),
    "blocked": ("#E69F00", "///", "#1F2933"),
    "error": ("#1F2933", "xx", "#FFFFFF"),
    "cancelled": ("#C9CFD6", "", "#1F2933"),
    "interrupted": ("#8C96A3", "\\\\\\", "#FFFFFF"),
}
"""Colour, lines and the colour of letters, by the outcome."""


def plots_of(rows: Sequence[BookRow], words: Mapping[str, str], language: str) -> tuple[Plot, ...]:
    """Every plot that there is something to draw for."""
    made = (
        _drift(rows, words),
        _outcomes(rows, words),
        _languages(rows, words, language),
        _times(rows, words, "stages plot", _by_stage(rows, words)),
        _times(rows, words, "engines plot", _by_engine(rows)),
    )
    return tuple(plot for plot in made if plot)


def _drift(rows: Sequence[BookRow], words: Mapping[str, str]) -> Plot | None:
    groups = grouped((row for row in rows if row.drift), lambda row: row.title)
    if not groups:
        return None
    shown = dict(list(groups.items())[:_MOST_LINES])
    panels = [panel for source in SOURCES if (panel := _panel(source.measure, shown, words))]
    told = (line for panel in panels[:1] for line in panel.lines)
    alternative = " ".join([words["drift alternative"], *(_told(line, words) for line in told)])
    notes = (words["drift note"], *_left_out(len(groups) - _MOST_LINES, words))
    return drift_plot(words["drift"], words["drift axis"], panels, alternative=alternative, notes=notes)


def _panel(measure: str, groups: Mapping[str, Sequence[BookRow]], words: Mapping[str, str]) -> Panel | None:
    lines = tuple(_line(name, own, measure, words) for name, own in groups.items())
    if not any(line.points for line in lines):
        return None
    return Panel(words.get(measure, measure), _HIGHEST.get(measure, 1.0), lines)


def _line(name: str, rows: Sequence[BookRow], measure: str, words: Mapping[str, str]) -> DriftLine:
    values: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        for hop in row.drift:
            value = getattr(hop.drift, measure, None)
            if value is not None:
                values[hop.hop].append(value)
    return DriftLine(f"{name} · {_runs(len(rows), words)}", tuple(_point(hop, values[hop]) for hop in sorted(values)))


def _point(hop: int, values: Sequence[float]) -> Point:
    # Quartiles of one value are that value.
    low, middle, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Point(hop, low, middle, high, len(values))


def _told(line: DriftLine, words: Mapping[str, str]) -> str:
    if not line.points:
        return ""
    start, end = line.points[0], line.points[-1]
    name, _, runs = line.name.rpartition(" · ")
    return words["drift line"].format(
        name=name, runs=runs, first=f"{start.middle:.3g}", start=start.hop, last=f"{end.middle:.3g}", end=end.hop
    )


def _runs(count: int, words: Mapping[str, str]) -> str:
    return words["one run"] if count == 1 else words["many runs"].format(count=f"{count:,}")


def _outcomes(rows: Sequence[BookRow], words: Mapping[str, str]) -> Plot | None:
    groups = grouped(rows, lambda row: row.title)
    if not groups:
        return None
    there = {row.status for row in rows}
    statuses = [status for status in STATUSES if status in there] + sorted(there - set(STATUSES))
    kinds = [
        BarPiece(words.get(f"is {status}", status), *_KINDS.get(status, _KINDS["interrupted"])) for status in statuses
    ]
    counts = {name: Counter(row.status for row in own) for name, own in list(groups.items())[:_MOST_BARS]}
    bars = [(name, [own[status] for status in statuses]) for name, own in counts.items()]
    alternative = " ".join([words["outcomes alternative"], *_in_words(bars, [kind.name for kind in kinds])])
    notes = _left_out(len(groups) - _MOST_BARS, words)
    return stacked_plot(
        words["outcomes plot"], words["outcomes axis"], kinds, bars, alternative=alternative, notes=notes
    )


def _in_words(bars: Iterable[tuple[str, Sequence[int]]], names: Sequence[str]) -> Iterator[str]:
    for name, counts in bars:
        yield f"{name}: {', '.join(f'{count} {kind}' for count, kind in zip(counts, names, strict=True) if count)}."


def _languages(rows: Sequence[BookRow], words: Mapping[str, str], language: str) -> Plot | None:
    hops = Counter(code for row in rows for code in row.languages[1:])
    if not hops:
        return None
    most = sorted(hops.items(), key=lambda pair: (-pair[1], pair[0]))
    bars = [(language_name(code, language), count) for code, count in most[:_MOST_BARS]]
    alternative = f"{words['languages alternative']} {', '.join(f'{name}: {count}' for name, count in bars)}."
    notes = _left_out(len(most) - _MOST_BARS, words)
    return bars_plot(words["languages plot"], words["languages axis"], bars, alternative=alternative, notes=notes)


def _by_stage(rows: Sequence[BookRow], words: Mapping[str, str]) -> dict[str, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        for time in row.stages:
            found[time.stage or 0].append(time.seconds)
    return {words.get(f"stage {stage}", f"{words['stage']} {stage}"): found[stage] for stage in sorted(found)}


def _by_engine(rows: Sequence[BookRow]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for time in row.engines:
            found[time.engine].append(time.seconds)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def _times(
    rows: Sequence[BookRow], words: Mapping[str, str], title: str, times: Mapping[str, Sequence[float]]
) -> Plot | None:
    if not times:
        return None
    shown = list(times.items())[:_MOST_BARS]
    medians = (f"{name}: {median(values):.3g} s" for name, values in shown)
    alternative = f"{words['times alternative']} {', '.join(medians)}."
    notes = (words["times note"], *_left_out(len(times) - _MOST_BARS, words))
    return spreads_plot(words[title], words["times axis"], shown, alternative=alternative, notes=notes)


def _left_out(more: int, words: Mapping[str, str]) -> tuple[str, ...]:
    return (words["left out of plot"].format(count=f"{more:,}"),) if more > 0 else ()
