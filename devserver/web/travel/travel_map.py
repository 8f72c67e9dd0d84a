"""Draw the map of a journey: a point for each language, an arc for each way, a name beside each point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import hypot
from typing import Any, NamedTuple

from devserver.web.travel.lens import VIEWS, WORLD, MapPart, MapPoint, place_of

_LETTER = 0.56
"""How wide a letter is, as a part of how high it is, more or less."""
_BEND, _MORE, _LEAST = 0.2, 0.16, 9.0
"""How far an arc bends aside, as a part of its length: the first one, each one more on the same way; and at least."""


class Way(NamedTuple):
    """From one language to another, as codes; `is_done` where the text is there, and not on its way."""

    start: str
    end: str
    is_done: bool = True


@dataclass(frozen=True, slots=True)
class MapStop:
    """A language's point and its name; `label_x` and `label_y` are where the name begins, ends or has its middle."""

    name: str
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class MapLeg:
    """An arc, as the path of an SVG."""

    path: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class TravelMap:
    """A map of what is known of a journey so far; `view` is the box of its SVG and `part` what that is called."""

    part: str
    view: str
    size: float
    stops: tuple[MapStop, ...]
    legs: tuple[MapLeg, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {**asdict(self), "stops": list(map(asdict, self.stops)), "legs": list(map(asdict, self.legs))}


def travel_map(ways: Sequence[Way], name_of: Callable[[str], str]) -> TravelMap | None:
    """The map of these ways; None where it would be empty. Languages that are on no map are left out."""
    codes = dict.fromkeys(code for way in ways for code in (way.start, way.end))
    points = {name_of(code): point for code in codes if (point := place_of(code))}
    legs = tuple(_legs(ways))
    if not legs:
        return None
    part, view = next(
        ((name, view) for name, view in VIEWS.items() if view.holds(list(points.values()))), ("world", WORLD)
    )
    # As a part of the view, so that names are as large on either; a telephone has larger ones yet (page.css).
    size = view.width / 30
    view_box = " ".join(f"{number:g}" for number in view)
    return TravelMap(part, view_box, round(size, 1), tuple(_labelled(points, view, size)), legs)


def _legs(ways: Iterable[Way]) -> Iterator[MapLeg]:
    times: Counter[tuple[MapPoint, MapPoint]] = Counter()
    for way in ways:
        start, end = place_of(way.start), place_of(way.end)
        if start and end and start != end:
            yield MapLeg(_arc(start, end, times[start, end]), way.is_done)
            times[start, end] += 1


def _arc(start: MapPoint, end: MapPoint, times: int) -> str:
    """A path that bends to the left of its direction: so a way there and a way back are two."""
    across, down = end.x - start.x, end.y - start.y
    length = hypot(across, down)
    bend = max(length * (_BEND + times * _MORE), _LEAST) / length
    x, y = (start.x + end.x) / 2 + down * bend, (start.y + end.y) / 2 - across * bend
    return f"M{start.x:g} {start.y:g}Q{x:.1f} {y:.1f} {end.x:g} {end.y:g}"


class _Place(NamedTuple):
    """Where a name may stand, and the room that it takes."""

    x: float
    y: float
    anchor: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: _Place) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def is_in(self, view: MapPart) -> bool:
        return (
            view.left <= self.left
            and self.right <= view.left + view.width
            and view.top <= self.top
            and self.bottom <= view.top + view.height
        )


def _labelled(points: dict[str, MapPoint], view: MapPart, size: float) -> Iterator[MapStop]:
    """Each name where it is over no other name and no point, if there is such a place."""
    dot = size * 0.4
    taken = [_Place(x, y, "", x - dot, y - dot, x + dot, y + dot) for x, y in points.values()]
    for name, point in points.items():
        places = list(_around(point, len(name) * size * _LETTER, size))
        seen = [one for one in places if one.is_in(view)] or places
        place = min(seen, key=lambda one: sum(map(one.overlaps, taken)))
        taken.append(place)
        yield MapStop(name, point.x, point.y, round(place.x, 1), round(place.y, 1), place.anchor)


def _around(point: MapPoint, width: float, size: float) -> Iterator[_Place]:
    gap, (x, y) = size * 0.55, point
    low, high = y + size * 0.36, size * 0.55
    yield _Place(x + gap, low, "start", x + gap, y - high, x + gap + width, y + high)
    yield _Place(x - gap, low, "end", x - gap - width, y - high, x - gap, y + high)
    for base in (y + size * 1.3, y - size * 0.6):
        yield _Place(x, base, "middle", x - width / 2, base - size * 0.9, x + width / 2, base + size * 0.2)
