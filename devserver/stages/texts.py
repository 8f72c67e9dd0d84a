"""A text in a language: what travels from stage to stage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and the ISO 639-1 code of the language it is written in."""

    content: str
    language: str
