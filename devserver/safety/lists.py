"""Read the term lists that lie beside this file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LIST_NAMES = ("86a", "kids", "youth")
CONCERN_NAMES = ("self_harm",)
"""Lists that stop nothing: a hit is a reason to look after somebody."""


@dataclass(frozen=True, slots=True)
class TermList:
    """One list: what a hit is called, where it applies, and its terms by language (`any` for all)."""

    name: str
    version: str
    code: str
    levels: frozenset[str]
    stages: frozenset[int]
    terms: dict[str, tuple[str, ...]]

    def applies_to(self, *, level: str, stage: int | None) -> bool:
        """Whether the list counts at this safety level and stage; stage None means any."""
        return level in self.levels and (stage is None or stage in self.stages)

    def terms_in(self, language: str) -> tuple[tuple[str, str], ...]:
        """Pairs of language and term for a text: its own language and `any`.

        A language that has no list of its own is checked against all of them.
        """
        chosen = (language, "any") if language in self.terms else tuple(self.terms)
        return tuple((code, term) for code in chosen for term in self.terms.get(code, ()))


@cache
def load_lists() -> tuple[TermList, ...]:
    """All lists that stop a run, read once."""
    return tuple(_read_list(name) for name in LIST_NAMES)


@cache
def load_concerns() -> tuple[TermList, ...]:
    """All lists of concerns, read once."""
    return tuple(_read_list(name) for name in CONCERN_NAMES)


def _read_list(name: str) -> TermList:
    return parse_list(name, (files(__package__) / f"terms_{name}.toml").read_bytes())


def parse_list(name: str, content: bytes) -> TermList:
    """A list from its TOML text."""
    table = tomllib.loads(content.decode("utf-8"))
    return TermList(
        name=name,
        version=table["version"],
        code=table["code"],
        levels=frozenset(table["levels"]),
        stages=frozenset(table["stages"]),
        terms={language: tuple(terms) for language, terms in table["terms"].items()},
    )
