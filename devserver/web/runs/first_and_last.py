"""The first sentence and the last, side by side, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from devserver.web.live.board import LiveBox
from exporters.story.untranslated import PARTLY
from exporters.story.word_marks import LEFT, RIGHT, SAME, compare_texts

FIRST, LAST = "s1-user_input_text", "s2-interception_final"
LONGEST = 5_000
"""Signs of a text that is compared: a page of it, which takes a few milliseconds."""

Pieces = tuple[tuple[str, str], ...]


class FirstAndLast(NamedTuple):
    """Two texts as a page shows them. `kept` of `of` words of the first are in the last; None where nothing is marked.

    The pieces of each side are pairs of `=` or what changed (`-` has gone, `+` has come) and a text.
    """

    first: LiveBox
    last: LiveBox
    gone: Pieces
    come: Pieces
    kept: int | None = None
    of: int = 0


def first_and_last(boxes: Iterable[LiveBox]) -> FirstAndLast | None:
    """What a run began with and what came of it, where both are shown and are not the same; marked in one language."""
    by_key = {box.key: box for box in boxes}
    first, last = by_key.get(FIRST), by_key.get(LAST)
    if not (first and last and first.text and last.text) or first.text == last.text:
        return None
    if _language(first) != _language(last) or max(len(first.text), len(last.text)) > LONGEST:
        return FirstAndLast(first, last, ((SAME, first.text),), ((SAME, last.text),))
    pieces = compare_texts(first.text, last.text).pieces
    return FirstAndLast(
        first,
        last,
        gone=tuple(piece for piece in pieces if piece[0] != RIGHT),
        come=tuple(piece for piece in pieces if piece[0] != LEFT),
        kept=sum(len(text.split()) for sign, text in pieces if sign == SAME),
        of=len(first.text.split()),
    )


def _language(box: LiveBox) -> str:
    """As its way names it, also where some words of it are in none: a text of mixed languages has no tag of its own."""
    return box.way[-1].removeprefix(f"{PARTLY} ") if box.way else box.language
