"""Where among what was passed a configured parameter is: under its own name, and where somebody said that it went."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple, TypeAlias


class Absence(Enum):
    """What stands for a value where there is none: None is a value."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT

MOST_PLACES = 64
"""Places of one name that are looked at, those nearest to the top first: a stranger's body may have a million."""


class WirePlace(NamedTuple):
    """A value among what was passed, and the JSON pointer that leads to it."""

    pointer: str
    value: Any


Named: TypeAlias = Mapping[Any, list[WirePlace]]


def named_places(passed: Any, wanted: Collection[Any]) -> Named:
    """The places of each wanted name, by name: of a captured request those in its body and its query."""
    found: dict[Any, list[WirePlace]] = {}
    for whole in _wholes(passed):
        if isinstance(whole.value, dict):
            for name in [name for name in whole.value if name in wanted]:
                if len(places := found.setdefault(name, [])) < MOST_PLACES:
                    places.append(WirePlace(whole.pointer + step_of(name), whole.value[name]))
    return found


def names_among(passed: Any, wanted: Collection[Any]) -> set[Any]:
    """The wanted names that have a place at all, for whoever does not ask which."""
    missing, waiting = set(wanted), [source.value for source in _sources(passed)]
    while waiting and missing:
        whole = waiting.pop()
        if isinstance(whole, dict) and not ("media" in whole and is_reference(whole)):
            missing = missing.difference(whole)
            waiting += [part for part in whole.values() if isinstance(part, _WHOLE)]
        elif isinstance(whole, list | tuple):
            waiting += [part for part in whole if isinstance(part, _WHOLE)]
    return set(wanted) - missing


_WHOLE = (dict, list, tuple)


def stated_places(passed: Any, pointers: Any) -> list[WirePlace]:
    """What is at each of the pointers of a parameter in the fact `injected`; those that lead nowhere are left out."""
    if not isinstance(pointers, list | tuple):
        return []
    texts = [pointer for pointer in pointers[:MOST_PLACES] if isinstance(pointer, str)]
    places = [WirePlace(pointer, value_at(passed, pointer)) for pointer in texts]
    return [place for place in places if place.value is not ABSENT]


def value_at(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to in `value`, or `ABSENT`.

    >>> value_at({"body": {"a/b": [7]}}, "/body/a~1b/0"), value_at({}, "/body")
    (7, <Absence.ABSENT: 'absent'>)
    """
    if not pointer.startswith("/"):
        return ABSENT
    for step in pointer[1:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return ABSENT
    return value


def step_of(name: Any) -> str:
    """A name as a step of a JSON pointer, with its slash."""
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


def _wholes(passed: Any) -> Iterator[WirePlace]:
    """Every dict and list among what was passed, what is nearer to the top first; media are one value each."""
    waiting = deque(_sources(passed))
    while waiting:
        place = waiting.popleft()
        if isinstance(place.value, dict | list | tuple) and not is_reference(place.value):
            yield place
            waiting.extend(_inner(place))


def _inner(whole: WirePlace) -> Iterator[WirePlace]:
    """What is in a dict or list that is itself a dict, a list or a tuple, with its place."""
    entries = whole.value.items() if isinstance(whole.value, dict) else enumerate(whole.value)
    for name, entry in entries:
        if isinstance(entry, dict | list | tuple):
            yield WirePlace(whole.pointer + step_of(name), entry)


def is_reference(value: Any) -> bool:
    """Whether a value stands for media that were taken out of what was passed."""
    if not isinstance(value, dict) or not value.keys() <= {"media", "base64"}:
        return False
    return isinstance(value.get("media"), dict) and "sha256" in value["media"]


def _sources(passed: Any) -> Iterator[WirePlace]:
    """Where parameters are: all of it, and of a captured request its body and its query."""
    if not isinstance(passed, dict) or "body_facts" not in passed:
        yield WirePlace("", passed)
        return
    body, facts = passed.get("body"), passed["body_facts"]
    if isinstance(body, list) and isinstance(facts, dict) and str(facts.get("media_type")).startswith("multipart/"):
        yield WirePlace("/body", _fields_of_form(body))
    else:
        yield WirePlace("/body", body)
    yield WirePlace("/query", passed.get("query"))


def _fields_of_form(parts: list[Any]) -> dict[Any, Any]:
    """A multipart form as its fields: the text of each, and of a file its reference."""
    return {part["name"]: _content(part) for part in parts if isinstance(part, dict) and "name" in part}


def _content(part: Mapping[str, Any]) -> Any:
    return part["text"] if "text" in part else {"media": part["media"]} if "media" in part else None
