"""Find what differs between two nested values, by path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from otel_tracking import canonical

Path = tuple[str, ...]

LONGEST_ALIGNED = 500
"""Lists up to this long are aligned by their equal entries; in longer ones entries are compared by position."""
LONGEST_NUMBERS = 24
"""A list of more numbers than these (tokens, a mask) is one value: its entries say nothing by themselves."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands on the side that has no such value."""


class Change(NamedTuple):
    """Two values that are not the same, and where; one of them may be `MISSING`."""

    path: Path
    left: Any
    right: Any


def changes(left: Any, right: Any, skip: Callable[[Path], bool] = lambda path: False) -> Iterator[Change]:
    """What differs, in the order of the left side; a path for which `skip` says True is not looked at.

    >>> list(changes({"seed": 7, "size": [1, 2]}, {"seed": 8, "size": [1, 2]}))
    [Change(path=('seed',), left=7, right=8)]
    """
    # Not recursive: a body may be nested deeper than the stack has room.
    waiting = [Change((), left, right)]
    while waiting:
        path, left, right = pair = waiting.pop()
        if skip(path):
            continue
        if type(left) is dict and type(right) is dict:
            waiting.extend(reversed(list(_of_dicts(pair))))
        elif _are_lists(left, right):
            waiting.extend(reversed(list(_of_lists(pair))))
        elif not is_same(left, right):
            yield pair


def is_same(left: Any, right: Any) -> bool:
    """Whether two values are exactly the same: 1 is not 1.0, a list no tuple, and one NaN is like the other."""
    if left is right:
        return True
    if type(left) is str and type(right) is str:
        return left == right
    return left is not MISSING and right is not MISSING and canonical.dumps(left) == canonical.dumps(right)


def path_text(path: Path) -> str:
    """A path for people.

    >>> path_text(("passed", "stop", "[0]"))
    'passed.stop[0]'
    """
    return ".".join(path).replace(".[", "[")


def _of_dicts(pair: Change) -> Iterator[Change]:
    path, left, right = pair
    for key in {**left, **right}:
        yield Change((*path, _step(key)), left.get(key, MISSING), right.get(key, MISSING))


def _of_lists(pair: Change) -> Iterator[Change]:
    path, left, right = pair
    for left_at, right_at in _aligned(left, right):
        position = left_at if left_at is not None else right_at
        yield Change(
            (*path, f"[{position}]"),
            MISSING if left_at is None else left[left_at],
            MISSING if right_at is None else right[right_at],
        )


def _aligned(left: Any, right: Any) -> Iterator[tuple[int | None, int | None]]:
    if len(left) == len(right) or max(len(left), len(right)) > LONGEST_ALIGNED:
        yield from _by_position(range(len(left)), range(len(right)))
        return
    one, other = ([canonical.dumps(entry) for entry in side] for side in (left, right))
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for tag, left_from, left_to, right_from, right_to in matcher.get_opcodes():
        if tag != "equal":
            yield from _by_position(range(left_from, left_to), range(right_from, right_to))


def _by_position(left: range, right: range) -> Iterator[tuple[int | None, int | None]]:
    for step in range(max(len(left), len(right))):
        yield left[step] if step < len(left) else None, right[step] if step < len(right) else None


def _are_lists(left: Any, right: Any) -> bool:
    if type(left) is not type(right) or type(left) not in (list, tuple):
        return False
    return not (_are_numbers(left) and _are_numbers(right))


def _are_numbers(entries: Any) -> bool:
    return len(entries) > LONGEST_NUMBERS and all(type(entry) in (int, float) for entry in entries)


def _step(key: Any) -> str:
    return key if type(key) is str else repr(key)
