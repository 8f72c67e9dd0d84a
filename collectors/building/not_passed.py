"""Which configured parameters never left the process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def not_passed(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of configured parameters that are nowhere among what was passed.

    A parameter is there under its own name, or where the fact `injected` says that it went (JSON pointers into
    `passed`), if that place is really there.
    """
    configured, passed = facts.get("configured"), facts.get("passed")
    if not isinstance(configured, dict) or "passed" not in facts:
        return ()
    sent = _names_in(passed)
    injected = facts.get("injected")
    if isinstance(injected, dict):
        sent |= {name for name, places in injected.items() if _has_any(passed, places)}
    return tuple(sorted(str(key) for key in configured if key not in sent))


def _names_in(passed: Any) -> set[Any]:
    """The names of parameters among what was passed; of a captured request those in its body and its query."""
    if not isinstance(passed, dict) or "body_facts" not in passed:
        return _keys_of(passed)
    body, facts = passed.get("body"), passed["body_facts"]
    if isinstance(body, list) and isinstance(facts, dict) and str(facts.get("media_type")).startswith("multipart/"):
        body = {part["name"]: None for part in body if isinstance(part, dict) and "name" in part}
    return _keys_of(body) | _keys_of(passed.get("query"))


def _has_any(value: Any, pointers: Any) -> bool:
    return isinstance(pointers, list | tuple) and any(_has(value, pointer) for pointer in pointers)


def _has(value: Any, pointer: Any) -> bool:
    """Whether a JSON pointer leads to something in `value`."""
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        return False
    for step in pointer[1:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return False
    return True


def _keys_of(value: Any) -> set[Any]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys_of, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(_keys_of, value))
    return set()
