"""Remember in which order the keys of a JSON value stood: records sort them, and the same bytes are wanted again.

One entry for each object with several keys, objects in the order of their sorted keys: empty where the keys were
sorted, else the position of each key among the sorted ones. `{"b": 1, "a": {"d": 2, "c": 3}}` is `1,0;1,0`.
"""

from __future__ import annotations

from typing import Any


def key_order(value: Any) -> str:
    """The order of all keys in `value`; empty where all are sorted.

    >>> key_order({"model": "m", "a": {"x": 1, "y": 2}})
    '1,0'
    """
    orders = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if type(part) is dict:
            ordered = sorted(part)
            if len(ordered) > 1:
                orders.append(_order(list(part), ordered))
            waiting.extend([part[key] for key in reversed(ordered)])
        elif type(part) is list:
            waiting.extend(reversed(part))
    return ";".join(orders).rstrip(";")


def in_order(value: Any, order: str) -> Any:
    """A copy of `value` whose keys stand in that order. Raises ValueError where it is another value's.

    >>> in_order({"a": {"x": 1, "y": 2}, "model": "m"}, "1,0")
    {'model': 'm', 'a': {'x': 1, 'y': 2}}
    """
    orders = iter(order.split(";"))
    holder = [value]
    # Not recursive: a body may be nested deeper than the stack has room.
    waiting: list[tuple[Any, Any]] = [(holder, 0)]
    while waiting:
        container, place = waiting.pop()
        part = container[place]
        if type(part) is dict:
            ordered = sorted(part)
            keys = _keys(ordered, next(orders, "")) if len(ordered) > 1 else ordered
            container[place] = part = {key: part[key] for key in keys}
            waiting.extend((part, key) for key in reversed(ordered))
        elif type(part) is list:
            container[place] = part = list(part)
            waiting.extend((part, number) for number in reversed(range(len(part))))
    return holder[0]


def _order(keys: list[str], ordered: list[str]) -> str:
    if keys == ordered:
        return ""
    position = {key: str(number) for number, key in enumerate(ordered)}
    return ",".join([position[key] for key in keys])


def _keys(ordered: list[str], order: str) -> list[str]:
    if not order:
        return ordered
    positions = [int(number) for number in order.split(",")]
    if sorted(positions) != list(range(len(ordered))):
        raise ValueError("the order of the keys is that of another value")
    return [ordered[number] for number in positions]
