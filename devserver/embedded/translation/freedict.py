"""Translate word for word with FreeDict's dictionaries, lemmatising what they do not list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devserver.backends.errors import EngineNotInstalled
from devserver.embedded.languages import iso_639_1, iso_639_3
from devserver.embedded.translation.apertium import printable
from devserver.embedded.translation.dictd import Dictionary, open_dictionary
from devserver.embedded.translation.glosses import choose_gloss
from devserver.embedded.translation.lemmas import forms_to_try, lemmatiser
from devserver.embedded.translation.processes import package_version
from devserver.embedded.translation.splitting import (
    WordInText,
    join_japanese,
    split_japanese,
    split_words,
    with_case_of,
    without_articles,
)
from devserver.engines import Translated

DICTD_DIRECTORY = Path("/usr/share/dictd")
_FILE_NAME = re.compile(r"freedict-([a-z]{3})-([a-z]{3})")
_EDITION = re.compile(r"[Ee]dition:?\s+(\d[\w.-]*)")
_WESTERN_STOPS = str.maketrans({"。": ". ", "、": ", ", "？": "? ", "！": "! "})


@dataclass(frozen=True, slots=True)
class _Found:
    """What a dictionary says to one word: its gloss, and the form it was listed under."""

    gloss: str | None
    listed_as: str


class FreeDict:
    """The FreeDict dictionaries of this machine."""

    def __init__(self, *, directory: Path = DICTD_DIRECTORY, cache_dir: Path | None = None) -> None:
        """`directory` holds the dictd files, `cache_dir` the parsed indexes (default: the user's cache)."""
        self._directory = directory
        self._cache_dir = cache_dir

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The language pairs with a dictionary here, as ISO 639-1 codes, sorted."""
        matches = (_FILE_NAME.fullmatch(file.stem) for file in self._directory.glob("freedict-*.index"))
        pairs = {(iso_639_1(match[1]), iso_639_1(match[2])) for match in matches if match}
        return tuple(sorted((first, second) for first, second in pairs if first and second))

    def version_of(self, from_lang: str, to_lang: str) -> str:
        """The version of the dictionary's Debian package, else the edition it states; empty when neither."""
        name = dictionary_name(from_lang, to_lang)
        # Only the files in Debian's own place are the package's.
        version = package_version(f"dict-{name}") if self._directory == DICTD_DIRECTORY else None
        return f"dict-{name} {version}" if version else self._edition(name)

    def translate(self, text: str, *, from_lang: str, to_lang: str) -> Translated:
        """The text word for word; words that no entry is found for stay as they are."""
        name = dictionary_name(from_lang, to_lang)
        dictionary = self._open(name)
        given = printable(text)
        words, rest = split_words(given)
        words = without_articles(words, from_lang=from_lang, to_lang=to_lang)
        if from_lang == "ja":
            words, rest = _japanese_words(words, rest, dictionary)

        found = {key: _look_up(key, dictionary, from_lang, to_lang) for key in {_key(word) for word in words}}
        pieces = [word.before + _written(word, found[_key(word)], to_lang) for word in words]
        translated = "".join(pieces) + rest
        if to_lang == "ja":
            translated = join_japanese(translated)
        return Translated(
            text=translated,
            engine="freedict",
            mode="word for word",
            engine_version=self.version_of(from_lang, to_lang),
            passed={"dictionary": f"{name}.dict.dz", "text": given},
            facts=_facts(words, found, text, given),
        )

    def _open(self, name: str) -> Dictionary:
        index_file = self._directory / f"{name}.index"
        if not index_file.is_file() or not index_file.with_suffix(".dict.dz").is_file():
            raise EngineNotInstalled(f"no dictionary {index_file}; apt-get install dict-{name} brings it")
        return open_dictionary(index_file, self._cache_dir)

    def _edition(self, name: str) -> str:
        match = _EDITION.search("\n".join(self._open(name).entries("00databaseinfo")))
        return match[1] if match else ""


def dictionary_name(from_lang: str, to_lang: str) -> str:
    """FreeDict's name for the dictionary of a pair.

    >>> dictionary_name("de", "en")
    'freedict-deu-eng'
    """
    return f"freedict-{iso_639_3(from_lang)}-{iso_639_3(to_lang)}"


def _key(word: WordInText) -> tuple[str, bool]:
    return word.text, word.begins_sentence


def _japanese_words(words: list[WordInText], rest: str, dictionary: Dictionary) -> tuple[list[WordInText], str]:
    cut = split_japanese(words, dictionary)
    western = [WordInText(word.text, word.before.translate(_WESTERN_STOPS), word.begins_sentence) for word in cut]
    return western, rest.translate(_WESTERN_STOPS).rstrip(" ")


def _look_up(key: tuple[str, bool], dictionary: Dictionary, from_lang: str, to_lang: str) -> _Found:
    text, begins_sentence = key
    for form in forms_to_try(text, from_lang):
        # Only what begins a sentence has its capital from there.
        is_acronym = len(form) > 1 and form.isupper()
        wanted = form.lower() if begins_sentence and not is_acronym else form
        gloss = choose_gloss(dictionary.entries(form), wanted, to_lang=to_lang)
        if gloss:
            # Arabic headwords have no case, yet their glosses are all capitalised.
            return _Found(gloss.lower() if from_lang == "ar" else gloss, form)
    return _Found(None, text)


def _written(word: WordInText, found: _Found, to_lang: str) -> str:
    return word.text if found.gloss is None else with_case_of(word, found.gloss, to_lang=to_lang)


def _facts(words: list[WordInText], found: dict[tuple[str, bool], _Found], text: str, given: str) -> dict[str, Any]:
    answers = [(word, found[_key(word)]) for word in words]
    lemmatised = sum(answer.listed_as != word.text for word, answer in answers)
    unknown = [word.text for word, answer in answers if answer.gloss is None]
    return {
        "words": len(words),
        "unknown_words": len(unknown),
        "unknown_word_list": tuple(dict.fromkeys(unknown)),
        "lemmatised_words": lemmatised,
        "lemmatiser": lemmatiser(),
        "replaced_characters": sum(a != b for a, b in zip(text, given, strict=True)),
    }
