#!/usr/bin/env python3
"""Draw the land below the map of a journey, from Natural Earth's coasts, as places.toml says what is where.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python tools/draw_world.py package/land-50m.json > devserver/web/static/world.svg

Natural Earth (https://www.naturalearthdata.com) is in the public domain; `world-atlas` has it as TopoJSON. Coasts are
made simple (Douglas and Peucker) where they are on the map, islands that would be a dot are left out. The colour is one
that is quiet on light and on dark ground.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import accumulate, pairwise
from math import hypot
from pathlib import Path

from devserver.web.travel.lens import WORLD, on_the_map

TOLERANCE, SMALLEST = 1.6, 45.0
Line = list[tuple[float, float]]


def main(path: str) -> None:
    """Print the drawing."""
    topology = json.loads(Path(path).read_text("utf-8"))
    rings = (simple(ring) for ring in rings_of(topology))
    paths = "".join(path_of(ring) for ring in rings if len(ring) > 3 and area(ring) > SMALLEST)
    width, height = WORLD.width, WORLD.height
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    print(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>')
    print(f'<path fill="#8f866f" fill-opacity=".27" d="{paths}"/></svg>')


def rings_of(topology: dict) -> Iterator[Line]:
    """The outer coasts, as points of the map."""
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [
        [
            (x * scale_x + move_x, y * scale_y + move_y)
            for x, y in accumulate(arc, lambda a, b: [a[0] + b[0], a[1] + b[1]])
        ]
        for arc in topology["arcs"]
    ]
    for land in topology["objects"]["land"]["geometries"]:
        for polygon in land["arcs"]:
            ends = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in polygon[0]]
            ring = [point for arc in ends for point in arc]
            if max(latitude for _, latitude in ring) > -60:
                yield [tuple(on_the_map(latitude, longitude)) for longitude, latitude in unwrapped(ring)]


def unwrapped(ring: Line) -> Line:
    """The same without a jump where a coast goes on beyond 180 degrees; most of it is where it was."""
    whole = list(accumulate(ring, lambda last, point: (point[0] + 360 * round((last[0] - point[0]) / 360), point[1])))
    turns = round(sum(longitude for longitude, _ in whole) / len(whole) / 360)
    return [(longitude - 360 * turns, latitude) for longitude, latitude in whole]


def simple(line: Line) -> Line:
    """The line with the points that it needs."""
    if len(line) < 3:
        return line
    (x, y), (end_x, end_y) = line[0], line[-1]
    length = hypot(end_x - x, end_y - y)

    def away(point: tuple[float, float]) -> float:
        if not length:
            return hypot(point[0] - x, point[1] - y)
        return abs((end_x - x) * (y - point[1]) - (x - point[0]) * (end_y - y)) / length

    far = max(range(1, len(line) - 1), key=lambda number: away(line[number]))
    if away(line[far]) < TOLERANCE:
        return [line[0], line[-1]]
    return simple(line[: far + 1])[:-1] + simple(line[far:])


def area(ring: Line) -> float:
    """How large it is on the map."""
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(x * end_y - end_x * y for (x, y), (end_x, end_y) in pairs)) / 2


def path_of(ring: Line) -> str:
    """The same as a part of an SVG's path."""
    points = [(round(x), round(y)) for x, y in ring]
    steps = "".join(f"l{x - a} {y - b}" for (a, b), (x, y) in pairwise(points) if (a, b) != (x, y))
    return f"M{points[0][0]} {points[0][1]}{steps}z"


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    main(sys.argv[1])
