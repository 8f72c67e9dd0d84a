"""Which configured parameters never left the process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_tracking.values.places import names_among, stated_places


def not_passed(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of configured parameters that are nowhere among what was passed.

    A parameter is there under its own name, or where the fact `injected` says that it went (JSON pointers into
    `passed`), if that place is really there.
    """
    configured, passed = facts.get("configured"), facts.get("passed")
    if not isinstance(configured, dict) or "passed" not in facts:
        return ()
    named = names_among(passed, configured)
    left = [key for key in configured if key not in named]
    injected = facts.get("injected")
    if isinstance(injected, dict):
        left = [key for key in left if not stated_places(passed, injected.get(key))]
    return tuple(sorted(map(str, left)))
