"""Plan a journey through languages: the same each time, or by lot.

A journey is the languages in the order they are visited, start and end included;
eight hops are nine languages. `itertools.pairwise(journey)` gives the hops.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from random import Random

from devserver.backends.errors import JourneyImpossible
from devserver.embedded.languages import english_name
from devserver.embedded.translation.packages import DEFAULT_PAIRS, package_for

Pair = tuple[str, str]
Journey = tuple[str, ...]

HOPS = 8
# Rule-based engines all the way; the same circle serves every language on it as a start.
_CIRCLE = ("en", "es", "fr", "ca", "pt", "gl", "es", "ca")
# A start outside of the circle goes to English, around, and back from English.
_AROUND = ("en", "es", "fr", "ca", "pt", "es", "en")


def fixed_journey(start: str, hops: int = HOPS, *, available_pairs: Iterable[Pair] | None = None) -> Journey:
    """The same journey each time for a start and a number of hops; it ends where it began.

    With `available_pairs` a journey over a missing pair raises JourneyImpossible, which
    names the packages to install; without, the default packages are taken as installed.

    >>> fixed_journey("de")
    ('de', 'en', 'es', 'fr', 'ca', 'pt', 'es', 'en', 'de')
    """
    if hops != HOPS:
        # Drawn once and for all: the same lot for everyone.
        return random_journey(start, hops, Random(0), DEFAULT_PAIRS if available_pairs is None else available_pairs)
    journey = _around_from(start)
    if available_pairs is not None:
        _require(journey, set(available_pairs))
    return journey


def random_journey(
    start: str, hops: int, rng: Random, available_pairs: Iterable[Pair], final: str | None = None
) -> Journey:
    """A journey by lot over the available pairs, ending in `final` (default: the start language).

    No language follows itself, and none is left for the one it was just reached from while
    there is another way. The same `rng` state gives the same journey. Raises JourneyImpossible
    only when no such journey exists.

    >>> random_journey("de", 2, Random(1), [("de", "en"), ("en", "de")])
    ('de', 'en', 'de')
    """
    pairs = {(first, second) for first, second in available_pairs if first != second}
    goal = final or start
    left = _starts_by_hops_left(goal, hops, pairs)
    if hops < 1 or start not in left[hops]:
        raise JourneyImpossible(_no_journey(start, hops, goal, pairs))

    journey = [start]
    for hops_left in range(hops - 1, -1, -1):
        onward = sorted(second for first, second in pairs if first == journey[-1] and second in left[hops_left])
        new = [code for code in onward if [code] != journey[-2:-1]]
        journey.append(rng.choice(new or onward))
    return tuple(journey)


def shortest_route(from_lang: str, to_lang: str, available_pairs: Iterable[Pair]) -> Journey | None:
    """The fewest hops from one language to another, alphabet deciding between equals; None when there is no way.

    >>> shortest_route("de", "fr", [("de", "en"), ("en", "fr")])
    ('de', 'en', 'fr')
    """
    pairs = sorted(available_pairs)
    reached: dict[str, Journey] = {from_lang: (from_lang,)}
    waiting = deque([from_lang])
    while waiting:
        here = waiting.popleft()
        for first, second in pairs:
            if first == here and second not in reached:
                reached[second] = (*reached[here], second)
                waiting.append(second)
    return reached.get(to_lang)


def _around_from(start: str) -> Journey:
    if start in _CIRCLE:
        at = _CIRCLE.index(start)
        return (*_CIRCLE[at:], *_CIRCLE[:at], start)
    return (start, *_AROUND, start)


def _starts_by_hops_left(goal: str, hops: int, pairs: set[Pair]) -> list[set[str]]:
    """For each number of hops the languages from which the goal is reached in exactly so many.

    Built backwards from the goal, so that the way there never has to turn round.
    """
    starts = [{goal}]
    for _ in range(hops):
        starts.append({first for first, second in pairs if second in starts[-1]})
    return starts


def _require(journey: Journey, pairs: set[Pair]) -> None:
    missing = dict.fromkeys(hop for hop in pairwise(journey) if hop not in pairs)
    if missing:
        packages = sorted({package for hop in missing if (package := package_for(*hop))})
        hops = ", ".join(f"{first}→{second}" for first, second in missing)
        raise JourneyImpossible(
            f"the journey {'→'.join(journey)} needs {hops}, which no installed engine translates; "
            f"tools/install_engines.sh installs what it needs, or: apt-get install {' '.join(packages)}"
        )


def _no_journey(start: str, hops: int, goal: str, pairs: set[Pair]) -> str:
    if hops < 1:
        return f"a journey has at least one hop; {hops} came in"
    onward = sorted({second for first, second in pairs if first == start})
    reach = ", ".join(english_name(code) for code in onward) or "no language"
    return (
        f"no journey of {hops} hops leads from {start} to {goal} over the {len(pairs)} installed language pairs; "
        f"from {english_name(start)} they reach {reach}. Another number of hops or another last language may do, "
        "and tools/install_engines.sh installs more pairs"
    )
