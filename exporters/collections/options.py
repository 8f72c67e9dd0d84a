"""What somebody may choose about a collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporters.errors import UnknownOption, listed, suggest
from exporters.story.words import words_of
from otel_tracking.audience import AUDIENCES_OF_DOCUMENTS, Audience

TEXTS = ("journey", "hops")
CLASSES = ("", "prompts", "final_texts")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionOptions:
    """How a collection is called and cut. Raises `UnknownOption` for a value that nobody knows.

    `language` is that of labels, not of texts. `texts` of a project are one per `journey`, or one for each of its texts
    (`hops`). `classes` adds a text for each session, in which every run is one paragraph: its prompt (`prompts`) or
    its last text (`final_texts`). What is for people is for an `audience`; a document of many runs may `compare` those
    that began alike. Posters have the `titles` of their configurations, by name, and a code that leads to the page of
    the run below the address `pages`, where there is one.

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
    titles: Mapping[str, str] = field(default_factory=dict)
    pages: str = ""

    def __post_init__(self) -> None:
        words_of(self.language)
        for name, known in (("texts", TEXTS), ("classes", CLASSES), ("audience", AUDIENCES_OF_DOCUMENTS)):
            value = getattr(self, name)
            if value not in known:
                offer = listed([one or "nothing" for one in known])
                raise UnknownOption(
                    f"{value!r:.40} is no value of {name}.{suggest(str(value), known)} There are: {offer}"
                )
