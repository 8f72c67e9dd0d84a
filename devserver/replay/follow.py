"""Ask for the new result where a recorded question named the old one: by the ids and names that the server gives out.

This is the one place where something of a new answer goes into a later request, and only on demand: into the URL of a
question without a body, instead of what the server had given out the first time. What a person wrote is never in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from devserver.replay.walking import parts_of

SHORTEST = 8
"""Characters from which a part of a URL that an earlier answer held is taken for something that it gave out."""


class GivenOut:
    """What the server called its results the first time, and what it calls them now."""

    def __init__(self) -> None:
        self._new: dict[str, str] = {}

    def learn(self, recorded: Any, new: Any) -> None:
        """Remember which text stands now where another stood, at the same place of the same answer."""
        waiting = [(recorded, new)]
        while waiting:
            old_part, new_part = waiting.pop()
            if isinstance(old_part, str) and isinstance(new_part, str):
                self._new.setdefault(old_part, new_part)
            elif isinstance(old_part, dict) and isinstance(new_part, dict):
                # Results are listed under their ids: what was found out so far leads to them.
                waiting.extend((entry, new_part.get(self._new.get(key, key))) for key, entry in old_part.items())
            elif isinstance(old_part, list) and isinstance(new_part, list):
                waiting.extend(zip(old_part, new_part, strict=False))

    def in_url(self, url: str, old: str) -> str | None:
        """A question's URL with the new name in the place of `old` and of others; None where there is none."""
        if old not in self._new:
            return None
        parts = urlsplit(url)
        path = "/".join(quote(self._renamed(unquote(step)), safe=":@!$&'()*+,;=~") for step in parts.path.split("/"))
        query = urlencode(
            [(name, self._renamed(value)) for name, value in parse_qsl(parts.query, True)], quote_via=quote
        )
        return parts._replace(path=path, query=query).geturl()

    def is_ready(self, old: str, recorded: Any, new: Any) -> bool:
        """Whether an answer has what the recorded one had: results that are not there yet are left out of it."""
        if not isinstance(recorded, dict) or old not in recorded:
            return True
        return isinstance(new, dict) and self._new.get(old) in new

    def _renamed(self, text: str) -> str:
        return self._new.get(text, text) if len(text) >= SHORTEST else text


def old_name_in(url: str, given_out: Iterable[str]) -> str | None:
    """What of a URL an earlier answer gave out, or None.

    >>> old_name_in("http://127.0.0.1:8188/history/0f8fad5b", ["0f8fad5b", "success"])
    '0f8fad5b'
    """
    parts = urlsplit(url)
    named = [unquote(step) for step in parts.path.split("/")]
    named += [value for _, value in parse_qsl(parts.query)]
    known = set(given_out)
    return next((name for name in named if len(name) >= SHORTEST and name in known), None)


def texts_in(body: Any) -> set[str]:
    """Every text in an answer, names included."""
    found: set[str] = set()
    for _, part in parts_of(body):
        if isinstance(part, str):
            found.add(part)
        elif isinstance(part, dict):
            found.update(part)
    return found
