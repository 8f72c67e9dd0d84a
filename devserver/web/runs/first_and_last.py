"""Two texts side by side, with what changed between them: a run's first sentence and its last, or those of two runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from devserver.web.live.board import LiveBox
from devserver.web.live.text_changes import LONGEST
from exporters.story.changed_words import LEFT, RIGHT, SAME, bare, compare_texts, count_words

FIRST, LAST = "s1-user_input_text", "s2-interception_final"

Pieces = tuple[tuple[str, str], ...]


class TwoTexts(NamedTuple):
    """Two texts as a page shows them. `kept` of `of` words of the first are in the last; None where nothing is marked.

    The pieces of each side are pairs of `=` or what changed (`-` has gone, `+` has come) and a text.
    """

    first: LiveBox
    last: LiveBox
    gone: Pieces
    come: Pieces
    kept: int | None = None
    of: int = 0


def first_and_last(boxes: Iterable[LiveBox]) -> TwoTexts | None:
    """What a run began with and what came of it, where both are shown and are not the same."""
    by_key = {box.key: box for box in boxes}
    first, last = by_key.get(FIRST), by_key.get(LAST)
    if not (first and last and first.text and last.text) or first.text == last.text:
        return None
    return two_texts(first, last)


def two_texts(first: LiveBox, last: LiveBox) -> TwoTexts:
    """Both texts, marked where they are in one language and are not very long."""
    if _language(first) != _language(last) or max(len(first.text), len(last.text)) > LONGEST:
        return TwoTexts(first, last, ((SAME, first.text),), ((SAME, last.text),))
    pieces = compare_texts(first.text, last.text).pieces
    return TwoTexts(
        first,
        last,
        gone=tuple(bare((piece for piece in pieces if piece[0] != RIGHT), LEFT)),
        come=tuple(bare((piece for piece in pieces if piece[0] != LEFT), RIGHT)),
        kept=count_words(*(text for sign, text in pieces if sign == SAME)),
        of=count_words(first.text),
    )


def _language(box: LiveBox) -> str:
    """As its way has it, also where some words of it are in none: a text of mixed languages has no tag of its own."""
    return box.codes[-1] if box.codes else box.language
