"""The words of the pages, from `words.<language>.toml`; those of records are in `exporters.story`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exporters.story.catalogue import read_catalogue

_CATALOGUE = read_catalogue(__package__)

LANGUAGES = tuple(_CATALOGUE)
"""The languages that the pages are in."""

TITLED = tuple(_CATALOGUE["en"]["titles"])
"""The configurations that come along, the best known first."""


def words_of(language: str) -> Mapping[str, str]:
    """All words in one of `LANGUAGES`."""
    words: Mapping[str, str] = _CATALOGUE[language]["words"]
    return words


def examples_in(language: str) -> Sequence[str]:
    """Sentences to begin with."""
    examples: Sequence[str] = _CATALOGUE[language]["examples"]["prompts"]
    return examples


def animals_in(language: str) -> Sequence[str]:
    """What somebody may be called who says no name."""
    animals: Sequence[str] = _CATALOGUE[language]["examples"]["animals"]
    return animals


def title_of(config_name: str, language: str) -> str:
    """What a configuration is called on the pages.

    >>> title_of("image_comparison", "de"), title_of("my_own", "de")
    ('Zwei Paletten', 'my_own')
    """
    return str(_CATALOGUE[language]["titles"].get(config_name, config_name))
