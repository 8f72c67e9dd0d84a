"""How far the text of a run drifted, text by text, as people read it; the figures are those of a dataset's journeys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from exporters.measures.drift import Drift, drifts
from exporters.story.boxes import label_of
from exporters.story.parts import Parameter, joined
from otel_tracking.extras import Extra
from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import ItemType

ON_THE_WAY = frozenset(
    {
        ItemType.USER_INPUT_TEXT,
        ItemType.TRANSLATION_RESULT,
        ItemType.INTERCEPTION_ITERATION,
        ItemType.INTERCEPTION_FINAL,
    }
)
_LONGEST = 4_000
"""Characters of a text that is measured while somebody waits: comparing two takes 20 ms then. Datasets measure all."""


def drift_of(record: ExecutionRecord, words: Mapping[str, str], most: int | None = None) -> tuple[Parameter, ...]:
    """Each text after the first, and its figures; nothing where the libraries of `queries` are not installed.

    Of each figure the first is to the first text of the run, the second to the text before. Of more than `most` texts
    only these are measured.
    """
    items = [item for item in record.items if item.item_type in ON_THE_WAY]
    if len(items) < 2 or Extra("queries").missing():
        return ()
    texts = (item.content if type(item.content) is str and len(item.content) <= _LONGEST else None for item in items)
    lines = zip((label_of(item, words) for item in items), drifts(texts), strict=True)
    told = (Parameter(label, _told(*drift, words)) for label, drift in lines if drift != (None, None))
    return tuple(islice(told, most))


def _told(to_first: Drift | None, to_previous: Drift | None, words: Mapping[str, str]) -> str:
    pairs = zip(_figures(to_first), _figures(to_previous), strict=True)
    names = (words["chrf"], words["edit similarity"], words["length ratio"])
    return joined(*(f"{name} {first} / {previous}" for name, (first, previous) in zip(names, pairs, strict=True)))


def _figures(drift: Drift | None) -> Iterator[str]:
    if drift is None:
        yield from "–––"
        return
    yield f"{drift.chrf:.1f}"
    yield f"{drift.edit_similarity:.2f}"
    yield "–" if drift.length_ratio is None else f"{drift.length_ratio:.2f}"
