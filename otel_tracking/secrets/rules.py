"""A redaction policy made ready: names, shapes, and the search that finds where to look."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from otel_tracking.secrets.names import Names
from otel_tracking.secrets.policy import RedactionPolicy
from otel_tracking.secrets.search import IN_URLS, NAMED, Search, literals_of
from otel_tracking.secrets.shapes import Shape, known_shapes, shapes_by_marker

_NODE_CLASSES = frozenset({"ai4artsed_openrouter_key"})


class Rules:
    """What a policy takes for a secret."""

    def __init__(self, policy: RedactionPolicy) -> None:
        self.also = policy.also
        self.has_own_patterns = bool(policy.patterns)
        self.node_classes = _NODE_CLASSES | policy.node_classes if policy.by_name else frozenset()
        self.names = Names(policy.names, policy.query_names, policy.allowed, count=policy.by_name)
        self._own = tuple(Shape(pattern, ()) for pattern in policy.patterns)
        shapes = known_shapes()
        self._by_marker = shapes_by_marker(shapes)
        own_names = sorted({form for name in policy.names | policy.query_names for form in literals_of(name)})
        self._naming = frozenset({*NAMED, *own_names})
        self.search = Search([*NAMED, *self._by_marker, *IN_URLS], [*own_names, *sorted(policy.node_classes)])

    @property
    def looks_at_everything(self) -> bool:
        """Whether no search for literals can tell where to look."""
        return self.has_own_patterns or bool(self.also)

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
