"""The words of a document of many runs: those of documents, and its own from `words.<language>.toml`."""

from __future__ import annotations

from collections.abc import Mapping

from exporters.story.catalogue import read_catalogue
from exporters.story.words import words_of

BOOK: Mapping[str, Mapping[str, str]] = {
    language: tables["words"] for language, tables in read_catalogue(__package__).items()
}
"""Its own words of each language."""


def book_words(language: str) -> Mapping[str, str]:
    """All words in that language; `UnknownOption` names the languages there are."""
    return {**words_of(language), **BOOK[language]}
