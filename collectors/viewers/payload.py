"""Make a payload fit to be shown: persons under aliases, no concern for them, and what is large as its shape."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable
from typing import Any

from otel_tracking import attributes as names
from otel_tracking.audience import CONCERNS, PERSONS

Alias = Callable[[Any], str]

_DEEPEST, _MOST_ENTRIES, _LONGEST_TEXT = 4, 12, 200


def is_person(key: object) -> bool:
    """Whether a field of this name says who or whose device it was."""
    return key in PERSONS


def make_alias() -> Alias:
    """A function that gives equal values equal aliases, for as long as this process lives.

    The key is forgotten with it, so that nobody can find out whose alias it was, not even by trying all ids there are.
    """
    key = os.urandom(32)

    def alias(value: Any) -> str:
        text = names.safe_text(value).encode("utf-8", "backslashreplace")
        return f"alias-{hmac.digest(key, text, 'sha256').hex()[:12]}"

    return alias


def with_aliases(payload: str, alias: Alias) -> str:
    """The canonical text with an alias for every value under a person's key, without a check's concerns.

    The same text where there is neither.
    """
    if not any(f'"{key}"' in payload for key in (*PERSONS, CONCERNS)):
        return payload
    # On its text, not on its values: that is a tree of limited depth, whatever was logged.
    return json.dumps(_aliased(json.loads(payload), alias), ensure_ascii=False, separators=(",", ":"))


def _aliased(value: Any, alias: Alias) -> Any:
    if isinstance(value, list):
        # A dict with other keys than text is a list of pairs.
        if len(value) == 2 and isinstance(value[0], str) and is_person(value[0]):
            return [value[0], alias(value[1])]
        return [_aliased(entry, alias) for entry in value]
    if isinstance(value, dict):
        return {
            key: alias(entry) if is_person(key) and entry is not None else _aliased(entry, alias)
            for key, entry in value.items()
            if key != CONCERNS
        }
    return value


def summary_of(payload: str) -> str:
    """The shape of a large value as JSON, which Jaeger shows as a tree: first entries, beginnings of texts, counts.

    >>> summary_of('{"graph":{"1":{"inputs":{"latent":["0",0]}}}}')
    '{"graph":{"1":{"inputs":{"latent":"[2 entries]"}}}}'
    """
    return json.dumps(_shape(json.loads(payload), 0), ensure_ascii=False, separators=(",", ":"))


def _shape(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}… ({len(value)} characters)"
    if not isinstance(value, dict | list):
        return value
    if depth == _DEEPEST and value:
        return f"[{len(value)} entries]" if isinstance(value, list) else f"{{{len(value)} entries}}"
    more = len(value) - _MOST_ENTRIES
    if isinstance(value, list):
        shown = [_shape(entry, depth + 1) for entry in value[:_MOST_ENTRIES]]
        return [*shown, f"… {more} more"] if more > 0 else shown
    first = list(value.items())[:_MOST_ENTRIES]
    return {key: _shape(entry, depth + 1) for key, entry in first} | ({"…": f"{more} more"} if more > 0 else {})
