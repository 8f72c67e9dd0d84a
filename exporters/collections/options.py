"""What somebody may choose about a collection."""

from __future__ import annotations

from dataclasses import dataclass

from exporters.errors import UnknownOption, listed, suggest
from exporters.story.words import words_of
from otel_tracking.audience import AUDIENCES_OF_DOCUMENTS, Audience

TEXTS = ("journey", "hops")
CLASSES = ("", "prompts", "final_texts")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionOptions:
    """How a collection is called and cut. Raises `UnknownOption` for a value that nobody knows.

    `language` is that of labels, not of texts. `texts` of a project are one per `journey`, or one for each of its texts
    (`hops`). `classes` adds a text for each session, in which every run is one paragraph: its prompt (`prompts`) or its
    last text (`final_texts`). A document of many runs is for an `audience`, and may `compare` those that began alike.

    >>> CollectionOptions(title="Bremen", texts="hop")
    Traceback (most recent call last):
    exporters.errors.UnknownOption: 'hop' is no value of texts. Did you mean hops? There are: journey, hops
    """

    title: str = "AI4ArtsEd"
    language: str = "en"
    texts: str = "journey"
    classes: str = ""
    audience: str = Audience.RESEARCHER.value
    compare: bool = False

    def __post_init__(self) -> None:
        words_of(self.language)
        for name, known in (("texts", TEXTS), ("classes", CLASSES), ("audience", AUDIENCES_OF_DOCUMENTS)):
            value = getattr(self, name)
            if value not in known:
                offer = listed([one or "nothing" for one in known])
                raise UnknownOption(
                    f"{value!r:.40} is no value of {name}.{suggest(str(value), known)} There are: {offer}"
                )
