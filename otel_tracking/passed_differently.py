"""Which configured values left the process as something else.

Read from what a record says of a call, never kept with it: records of any age say it, and what was replaced or removed
in a record for the sake of a person is not told again by a hash of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from otel_tracking import canonical
from otel_tracking.record import SpanRecord
from otel_tracking.values.alike import are_alike, leaves_of
from otel_tracking.values.places import ABSENT, Named, WirePlace, is_reference, named_places, stated_places, step_of

LONGEST_VALUE = 120
"""Characters of a value that is told whole; a longer one is told by its length and its sha256."""


MOST_LEAVES = 500
"""Single values of a whole that left in another form that are looked for: each is compared with all that are there."""


class PassedDifferently(NamedTuple):
    """A configured value by its name with dots, and what left instead of it, with where that is in `passed`.

    `place` is a JSON pointer. `passed` is `ABSENT` where a part of a configured whole is not there at all.
    """

    name: str
    place: str
    configured: Any
    passed: Any

    def to_dict(self) -> dict[str, Any]:
        """Name, place and both values, long ones as length and sha256; without `passed` where there is nothing."""
        values = {"configured": self.configured, "passed": self.passed}
        told = {side: told_value(value) for side, value in values.items() if value is not ABSENT}
        return {"name": self.name, "place": self.place, **told}


def passed_differently(call: SpanRecord) -> tuple[PassedDifferently, ...]:
    """Every configured value of a call that left as another, in the order of their names.

    A value that is nowhere to be found is in `not_passed` instead. Of several places of one name it is enough that
    one has the value; where `injected` says that a value went, each place must have it. What came on top is no change.

    >>> from otel_tracking.record import read_timestamp
    >>> passed_differently(SpanRecord(span_id="1", parent_span_id=None, name="chat", kind="client",
    ...     timestamp=read_timestamp(0), configured={"steps": 50, "cfg": "5.5"}, passed={"steps": 25, "cfg": 5.5}))
    (PassedDifferently(name='steps', place='/steps', configured=50, passed=25),)
    """
    configured = call.configured
    if not isinstance(configured, dict) or call.passed is None:
        return ()
    facts = call.facts if isinstance(call.facts, dict) else {}
    stated = _stated(configured, call.passed, facts)
    named = named_places(call.passed, configured.keys() - stated.keys())
    claimed, skipped = _claimed(stated), _instructions(facts)
    return tuple(
        found
        for name, value in sorted(configured.items(), key=_name_of)
        if name not in skipped
        for found in _differences(name, value, stated, named, claimed)
    )


def _name_of(entry: tuple[Any, Any]) -> str:
    return str(entry[0])


def told_value(value: Any) -> Any:
    """A value as documents tell it: itself, or where it is long how long it is and its sha256.

    >>> told_value(25), told_value("word " * 100)["characters"]
    (25, 500)
    """
    text = value if isinstance(value, str) else canonical.dumps(value)
    if len(text) <= LONGEST_VALUE:
        return value
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return {"characters": len(text), "sha256": digest}


def _instructions(facts: Mapping[str, Any]) -> Sequence[Any]:
    """Names of parameters that told the engine what to do and were not to leave themselves."""
    engine = facts.get("engine")
    names = engine.get("instructions") if isinstance(engine, dict) else None
    return names if isinstance(names, list | tuple) else ()


def _stated(configured: Mapping[Any, Any], passed: Any, facts: Mapping[str, Any]) -> dict[Any, list[WirePlace]]:
    injected = facts.get("injected")
    if not isinstance(injected, dict):
        return {}
    found = {name: stated_places(passed, injected[name]) for name in configured if name in injected}
    return {name: places for name, places in found.items() if places}


def _differences(
    name: Any, value: Any, stated: Named, named: Named, claimed: frozenset[str]
) -> Iterator[PassedDifferently]:
    if name in stated:
        yield from _from_stated(str(name), value, stated[name], claimed)
    elif places := named.get(name):
        is_there = any(are_alike(value, place.value) or _is_inside(value, place.value) for place in places)
        if not is_there:
            yield from _inside(str(name), value, places[0], frozenset())


def _from_stated(
    name: str, value: Any, places: list[WirePlace], claimed: frozenset[str]
) -> Iterator[PassedDifferently]:
    """What is different at the places where a value is said to have gone."""
    if _is_single(value) and all(_is_single(place.value) for place in places):
        yield from (found for place in places for found in _inside(name, value, place, frozenset()))
    elif isinstance(value, dict) and len(places) == 1 and _have_one_form(value, places[0].value):
        yield from _inside(name, value, places[0], claimed)
    else:
        yield from _in_another_form(name, value, places)


def _is_single(value: Any) -> bool:
    return not isinstance(value, dict | list | tuple) or is_reference(value)


def _claimed(stated: Named) -> frozenset[str]:
    """Every place that some parameter was put into: inside of a whole these are not the whole's own."""
    return frozenset(place.pointer for places in stated.values() for place in places)


def _have_one_form(value: dict[Any, Any], other: Any) -> bool:
    return isinstance(other, dict) and not value.keys().isdisjoint(other)


def _in_another_form(name: str, value: Any, places: list[WirePlace]) -> Iterator[PassedDifferently]:
    """A value that was taken apart: each of its single values must be at one of the places."""
    there = [leaf for place in places for _, leaf in islice(leaves_of(place.value), MOST_LEAVES)]
    for path, leaf in islice(leaves_of(value), MOST_LEAVES):
        if not any(are_alike(leaf, other) for other in there):
            yield PassedDifferently(".".join((name, *path)), places[0].pointer, leaf, ABSENT)


def _is_inside(value: Any, whole: Any) -> bool:
    """Whether a single value is among those of a dict or list under its name, such as a prompt in its node."""
    if not _is_single(value) or _is_single(whole):
        return False
    return any(are_alike(value, leaf) for _, leaf in leaves_of(whole))


def _inside(name: str, value: Any, place: WirePlace, others: frozenset[str]) -> Iterator[PassedDifferently]:
    """The differences at one place, part by part where both are of one form."""
    pointer, other = place
    if are_alike(value, other):
        return
    parts = _parts_of_both(value, other)
    if parts is None:
        yield PassedDifferently(name, pointer, value, other)
        return
    for key, part, instead in parts:
        inner = WirePlace(pointer + step_of(key), instead)
        if inner.pointer not in others:
            yield from _inside(f"{name}.{key}", part, inner, others)


def _parts_of_both(value: Any, other: Any) -> list[tuple[Any, Any, Any]] | None:
    """Key, configured and passed part of each part; None where the two are not of one form."""
    if isinstance(value, dict) and isinstance(other, dict) and value and not is_reference(other):
        return [(key, part, other.get(key, ABSENT)) for key, part in value.items()]
    if isinstance(value, list | tuple) and isinstance(other, list | tuple) and len(value) == len(other):
        return [(number, *both) for number, both in enumerate(zip(value, other, strict=True))]
    return None
