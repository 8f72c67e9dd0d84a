"""What is taken for a secret: by its name, by its look, or by what somebody says of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
