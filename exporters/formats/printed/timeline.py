"""The timeline as rows of one page: a row for every span, or for many with their calls inside, and thinner ones.

A page of paper is the measure: what does not fit on it is said, and is in the record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from exporters.story.parts import Bar

_SEPARATE = 40
"""So many spans have a row each; of more, calls are drawn inside of what they are a part of."""

_ROOM = 636.0
_STEP, _LETTERS = 12.0, 7.5
_THINNEST = 6.0
"""Points: of all rows together, of a row and its letters, and of a row that can just be read."""

_MOST_WITH_LONG_LABELS = 19


@dataclass(frozen=True, slots=True)
class Track:
    """One row: a span, and the calls inside of it that have no rows of their own."""

    bar: Bar
    calls: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rows of a timeline, each `step` points high, and how many spans are in none of them.

    Where there are few, a label that is long may make its row higher.
    """

    tracks: tuple[Track, ...]
    step: float
    more: int

    @property
    def is_even(self) -> bool:
        """Whether all rows are of the same height, and labels no longer than a line."""
        return len(self.tracks) > _MOST_WITH_LONG_LABELS

    @property
    def size(self) -> float:
        """Of letters, in points."""
        return min(_LETTERS, round(self.step * 0.8, 2))


def on_one_page(bars: Sequence[Bar]) -> Timeline:
    """The spans as rows that fit on one page."""
    folded = tracks_of(bars)
    shown = folded[: int(_ROOM / _THINNEST)]
    more = sum(1 + len(track.calls) for track in folded[len(shown) :])
    return Timeline(shown, min(_STEP, _ROOM / max(len(shown), 1)), more)


def tracks_of(bars: Sequence[Bar]) -> tuple[Track, ...]:
    """A row for each span; where they are many, a call is in the row of the span that it is a part of."""
    if len(bars) <= _SEPARATE:
        return tuple(map(Track, bars))
    calls: dict[int, list[Bar]] = defaultdict(list)
    rows: list[int] = []
    for place, bar in enumerate(bars):
        if bar.is_attempt and bar.inside is not None and not bars[bar.inside].is_attempt:
            calls[bar.inside].append(bar)
        else:
            rows.append(place)
    return tuple(Track(bars[place], tuple(calls[place])) for place in rows)


def extent(bar: Bar, duration: float) -> tuple[float, float]:
    """Where a span begins and how long it is, in seconds, within a timeline of that duration."""
    start = min(max(bar.start, 0.0), duration)
    # A span that never ended went on as long as anything did.
    return start, duration - start if bar.seconds is None else min(bar.seconds, duration - start)
