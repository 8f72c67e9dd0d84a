"""Read the lists of opposites."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

Pair = tuple[str, str]


def read_everyday(language: str) -> dict[str, Any]:
    """Our own list for `en` or `de`: its version, and pairs by part of speech as they stand in the file."""
    content: dict[str, Any] = tomllib.loads(_read(f"everyday_{language}.toml"))
    return content


def read_wordnet() -> Iterator[tuple[str, str, str]]:
    """Word, part of speech (`noun`, `verb`, `adj`, `adv`) and opposite, of English."""
    for line in _read("wordnet_en.txt").splitlines():
        if not line.startswith("#"):
            word, part, opposite = line.split()
            yield word, part, opposite


def both_ways(pairs: Iterable[str], comma: str = " ") -> Iterator[Pair]:
    """Word and opposite of each pair; `a b` stands for two of them, `a > b` for one.

    >>> list(both_ways(["day night", "hill > valley"]))
    [('day', 'night'), ('night', 'day'), ('hill', 'valley')]
    """
    for pair in pairs:
        if ">" in pair:
            first, second = pair.split(" > ")
            yield first, second
        else:
            first, second = pair.split(comma)
            yield from ((first, second), (second, first))


def _read(name: str) -> str:
    return files("devserver.backends.embedded.opposites").joinpath(name).read_text("utf-8")
