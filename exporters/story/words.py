"""The words with which documents tell of a run, from `words.<language>.toml`."""

from __future__ import annotations

from collections.abc import Mapping

from exporters.errors import UnknownOption, listed
from exporters.story.catalogue import read_catalogue

LANGUAGES: Mapping[str, Mapping[str, str]] = {
    language: tables["words"] for language, tables in read_catalogue(__package__).items()
}
"""All words of each language."""

ENGLISH = LANGUAGES["en"]


def words_of(language: str) -> Mapping[str, str]:
    """All words in that language; `UnknownOption` names the languages there are."""
    if language not in LANGUAGES:
        raise UnknownOption(f"documents are not written in {language!r:.40}. There are: {listed(sorted(LANGUAGES))}")
    return LANGUAGES[language]
