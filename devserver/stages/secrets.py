"""Keep keys and passwords that somebody wrote into a configuration by mistake out of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_tracking.redaction import Redaction


def without_secrets(value: Any) -> Any:
    """A copy of `value` in which markers stand for what is a secret by its name or its shape.

    >>> without_secrets({"api_key": "abc", "steps": 25})
    {'api_key': '[removed: api_key]', 'steps': 25}
    """
    if isinstance(value, Mapping):
        kept = {name: without_secrets(entry) for name, entry in value.items()}
        return Redaction().clean(kept) if all(isinstance(name, str) for name in kept) else kept
    if isinstance(value, list | tuple):
        entries = [without_secrets(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    return Redaction().clean(value) if isinstance(value, str) else value
