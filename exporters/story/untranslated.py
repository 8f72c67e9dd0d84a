"""What of a text was left untranslated: where an engine did not know words, the text is not all in its language.

The one place that decides it; documents, pages, the terminal and datasets ask here. An engine says how many words it
was given and how many it did not know: beside the text, or, in records of earlier versions, in its answer. Engines that
do not count say nothing, and nothing is said of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord
from otel_tracking.taxonomy import ItemType

PARTLY = "≈"
"""Stands before the name of a language that a text is only partly in."""
MIXED, UNDETERMINED = "mul", "und"
"""Tags of ISO 639-2: of a text in several languages, and of one in no known one."""


@dataclass(frozen=True, slots=True)
class LeftWords:
    """How many words an engine left as they were, at least one; of how many, None where that was not said."""

    unknown: int
    words: int | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing was translated: the text is in no way in the language that it was meant for."""
        return self.words is not None and self.unknown >= self.words

    @property
    def tag(self) -> str:
        """The language tag of such a text."""
        return UNDETERMINED if self.is_all else MIXED

    def told(self, words: Mapping[str, str]) -> str:
        """The same in the words of a document.

        >>> from exporters.story.words import words_of
        >>> LeftWords(3, 4).told(words_of("de")), LeftWords(2, 2).told(words_of("en"))
        ('3 von 4 Wörtern unbekannt', 'not translated')
        """
        if self.is_all:
            return words["not translated"]
        name = "words unknown" if self.words is not None else "some words unknown"
        return words[name].format(unknown=f"{self.unknown:,}", words=f"{self.words or 0:,}")


@dataclass(frozen=True, slots=True)
class Marks:
    """What was left untranslated in the text that an item made, and in the one that it was given; None for nothing."""

    made: LeftWords | None = None
    given: LeftWords | None = None


UNMARKED = Marks()


@dataclass(frozen=True, slots=True)
class Stop:
    """A language on a text's way, and what of the text is not in it."""

    code: str
    left: LeftWords | None = None

    def named(self, name_of: Callable[[str], str], words: Mapping[str, str]) -> str:
        """Its name, as `marked` gives it."""
        return marked(name_of(self.code), self.left, words["not translated"])


class Untranslated:
    """What is untranslated in the texts of a run, as far as its items were followed, in their order."""

    def __init__(self, spans: Iterable[SpanRecord] = ()) -> None:
        self._answers = {span.span_id: span.response for span in spans if isinstance(span.response, Mapping)}
        self._texts: dict[str, LeftWords | None] = {}

    def follow(self, item: ExecutionItem) -> Marks:
        """What is untranslated in the texts of the next item."""
        given = self._texts.get(item.input_text) if isinstance(item.input_text, str) else None
        if item.item_type in (ItemType.TRANSLATION_RESULT, ItemType.INTERCEPTION_ITERATION):
            made = _left(item.metadata) or _left(self._answers.get(item.attempt or ""))
            if isinstance(item.content, str):
                self._texts[item.content] = made
            return Marks(made, given)
        if item.item_type == ItemType.INTERCEPTION_FINAL and isinstance(item.content, str):
            return Marks(self._texts.get(item.content), given)
        return Marks(None, given)


def marks_of(record: ExecutionRecord) -> dict[int, Marks]:
    """What is untranslated in the texts of each item, by its `id`: numbers of records from elsewhere may come twice."""
    followed = Untranslated(record.spans)
    return {id(item): followed.follow(item) for item in record.items}


def marked(name: str, left: LeftWords | None, nothing: str) -> str:
    """The name of a language with a sign before it where a text is only partly in it; `nothing` where it is not at all.

    >>> marked("Japanese", None, "not translated"), marked("Japanese", LeftWords(3, 4), "not translated")
    ('Japanese', '≈ Japanese')
    >>> marked("Japanese", LeftWords(2, 2), "not translated")
    'not translated'
    """
    if left is None:
        return name
    return nothing if left.is_all else f"{PARTLY} {name}"


def _left(said: Any) -> LeftWords | None:
    if not isinstance(said, Mapping):
        return None
    unknown, words = said.get("unknown_words"), said.get("words")
    if type(unknown) is not int or unknown < 1:
        return None
    return LeftWords(unknown, words if type(words) is int and words > 0 else None)
