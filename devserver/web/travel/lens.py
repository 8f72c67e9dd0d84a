"""Where on the map a place of the earth is: Europe is drawn larger than the rest."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

_MAP = tomllib.loads((files(__package__) / "places.toml").read_text("utf-8"))
_Knots = Sequence[Sequence[float]]


class MapPoint(NamedTuple):
    """A place on the map, from its left and from its top."""

    x: float
    y: float


class MapPart(NamedTuple):
    """The part of the map that is shown."""

    left: float
    top: float
    width: float
    height: float

    def holds(self, points: Sequence[MapPoint], margin: float = 12) -> bool:
        """Whether all points are in it, not at its edge."""
        return all(
            self.left + margin <= x <= self.left + self.width - margin
            and self.top + margin <= y <= self.top + self.height - margin
            for x, y in points
        )


VIEWS: Mapping[str, MapPart] = {name: MapPart(*part) for name, part in _MAP["views"].items()}
WORLD = VIEWS["world"]


def on_the_map(latitude: float, longitude: float) -> MapPoint:
    """Where a place of the earth is on the map; what is beyond its edges stands there.

    >>> on_the_map(34, -12)
    MapPoint(x=215.0, y=345.0)
    """
    return MapPoint(_between(_MAP["lens"]["x"], longitude), _between(_MAP["lens"]["y"][::-1], latitude))


@lru_cache(maxsize=256)  # a page of a run under way asks for all of them with each event
def place_of(code: str) -> MapPoint | None:
    """Where a language is, whatever its region; None where the map does not know."""
    place = _MAP["places"].get(code.partition("-")[0].lower())
    return on_the_map(*place) if place else None


def _between(knots: _Knots, degrees: float) -> float:
    """The value at so many degrees, evenly between those of the two knots beside it."""
    at = min(max(bisect_right([knot[0] for knot in knots], degrees), 1), len(knots) - 1)
    (start, low), (end, high) = knots[at - 1], knots[at]
    part = min(max((degrees - start) / (end - start), 0), 1)
    return round(low + part * (high - low), 1)
