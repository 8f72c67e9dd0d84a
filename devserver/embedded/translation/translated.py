"""A translated text, and how it came about: what every engine answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Translation:
    """A text in another language.

    `passed` is exactly what the engine was handed, `facts` what was counted on the way.
    """

    text: str
    engine: str
    mode: str
    engine_version: str
    passed: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
