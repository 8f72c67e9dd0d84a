"""What is taken for a secret, by its name, by its look, or by what somebody says of it, and the search for it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from otel_tracking.secrets.names import Names
from otel_tracking.secrets.search import IN_URLS, NAMED, Search, literals_of
from otel_tracking.secrets.shapes import Shape, known_shapes, shapes_by_marker
from otel_tracking.secrets.unread import UnreadSearch


@dataclass(frozen=True)
class RedactionPolicy:
    """What is taken for a secret. The defaults always hold; what is given here comes on top of them.

    `names` are names of headers, query parameters, form fields and keys; `query_names` count in URLs alone;
    `node_classes` are classes of ComfyUI nodes whose inputs are secrets. `patterns` find secrets in any text.
    `also(name, value)` is asked about every named value, and says True of a secret. `allowed` names are kept; without
    `by_name` all are, and only what looks like a secret goes.

    >>> from otel_tracking.secrets.redaction import Redaction
    >>> policy = RedactionPolicy(names=frozenset({"classroom_pin"}))
    >>> Redaction(policy).clean({"classroom_pin": "4711", "seed": 7})
    {'classroom_pin': '[removed: classroom_pin]', 'seed': 7}
    """

    names: frozenset[str] = frozenset()
    query_names: frozenset[str] = frozenset()
    node_classes: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()
    also: tuple[Callable[[str, Any], bool], ...] = ()
    by_name: bool = True

    def joined(self, other: RedactionPolicy) -> RedactionPolicy:
        """What both take for a secret together, without what either allows.

        >>> one, other = RedactionPolicy(names=frozenset({"pin"})), RedactionPolicy(allowed=frozenset({"token"}))
        >>> one.joined(other) == RedactionPolicy(names=frozenset({"pin"}), allowed=frozenset({"token"}))
        True
        """
        if other is DEFAULT_POLICY:
            return self
        return RedactionPolicy(
            self.names | other.names,
            self.query_names | other.query_names,
            self.node_classes | other.node_classes,
            self.allowed | other.allowed,
            self.patterns + other.patterns,
            self.also + other.also,
            self.by_name and other.by_name,
        )


DEFAULT_POLICY = RedactionPolicy()

MOST_KNOWN, LONGEST_KNOWN = 4_096, 256
"""Plain texts that are remembered, and the characters of the longest."""

_NODE_CLASSES = frozenset({"ai4artsed_openrouter_key"})

_ADDRESS = frozenset({"://"})


class Rules:
    """What a policy takes for a secret."""

    def __init__(self, policy: RedactionPolicy) -> None:
        self.also = policy.also
        self.has_own_patterns = bool(policy.patterns)
        self.looks_at_everything = self.has_own_patterns or bool(self.also)
        """Whether no search for literals can tell where to look."""
        self.node_classes = _NODE_CLASSES | policy.node_classes if policy.by_name else frozenset()
        self.names = Names(policy.names, policy.query_names, policy.allowed, count=policy.by_name)
        self._own = tuple(Shape(pattern, ()) for pattern in policy.patterns)
        shapes = known_shapes()
        self._by_marker = shapes_by_marker(shapes)
        own_names = sorted({form for name in policy.names | policy.query_names for form in literals_of(name)})
        self._naming = frozenset({*NAMED, *own_names})
        self.search = Search([*NAMED, *self._by_marker, *IN_URLS], [*own_names, *sorted(policy.node_classes)])
        self.unread = UnreadSearch(self.names, self.search, self.shapes_for, self.node_classes)
        self.plain: set[str] = set()

    def is_plain(self, text: str) -> bool:
        """Whether nothing in a text is worth a closer look, but for secrets that are known.

        Most texts outside of bodies come again with every request (`*/*`): those that are plain are remembered.
        """
        is_short = len(text) <= LONGEST_KNOWN
        if is_short and text in self.plain:
            return True
        found = self.search.found_in(text)
        if self.has_own_patterns or ("=" in text and (found or "?" in text or "&" in text)):
            return False
        if found and (found != _ADDRESS or "@" in text):  # an address alone names neither a user nor a parameter
            return False
        if is_short:
            if len(self.plain) >= MOST_KNOWN:
                self.plain.clear()
            self.plain.add(text)
        return True

    def shapes_for(self, found: Iterable[str]) -> Iterator[Shape]:
        """The shapes to look for in a text in which these literals were found."""
        for literal in sorted(found):
            yield from self._by_marker.get(literal, ())
        yield from self._own

    def may_name_secret(self, found: frozenset[str]) -> bool:
        """Whether one of the literals found in a text is the name of a secret."""
        return not self._naming.isdisjoint(found)


@functools.lru_cache(32)
def rules_of(policy: RedactionPolicy) -> Rules:
    """A policy made ready."""
    return Rules(policy)
