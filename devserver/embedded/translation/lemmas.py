"""Propose the forms under which a dictionary may list a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version

_ARABIC_VOWELS = re.compile(r"[\u064b-\u065f\u0670\u0640]")
_ARABIC_ARTICLE = "ال"
# Small words whose headword a dictionary lists under another form, or under a misleading one
# ("den" is listed as the pronoun only; "an" is explained as a vowel's companion).
_SMALL_WORDS = {
    "de": {
        **dict.fromkeys(("den", "dem", "des"), "der"),
        **dict.fromkeys(("im", "ins"), "in"),
        **dict.fromkeys(("am", "ans"), "an"),
        **dict.fromkeys(("zum", "zur"), "zu"),
        "vom": "von",
        "beim": "bei",
    },
    "en": {"an": "a"},
}
_SCRIPTS = {**dict.fromkeys(("bg", "ru", "uk"), "CYRILLIC"), "ar": "ARABIC", "el": "GREEK", "hi": "DEVANAGARI"}
"""The scripts of languages that are not written in Latin letters; Serbian is in either."""


def forms_to_try(word: str, lang: str) -> Iterator[str]:
    """The word itself first (but a small word's headword before it), then simpler spellings, then its lemma.

    >>> list(forms_to_try("cat's", "en"))[:2]
    ["cat's", 'cat']
    """
    small_word = _SMALL_WORDS.get(lang, {}).get(word.lower())
    if small_word:
        yield small_word
    yield word
    if lang == "tr":
        # Turkish lower case, which str.lower() does not know.
        yield word.replace("İ", "i").replace("I", "ı").lower()
    if lang == "en" and word.lower().endswith(("'s", "’s")):
        yield word[:-2]
    if lang == "ar":
        yield from _arabic_spellings(word)
    # On a journey across scripts what no dictionary listed travels on: no lemma of this language would be its own.
    if lang == "sr" or _script(word) == _SCRIPTS.get(lang, "LATIN"):
        yield from _lemmas(word, lang)


def _script(word: str) -> str:
    """The script of a word's first letter, as Unicode calls it: LATIN, GREEK, ARABIC; empty without a letter."""
    letter = next(filter(str.isalpha, word), "")
    return unicodedata.name(letter, "").partition(" ")[0] if letter else ""


def lemmatiser() -> str:
    """Name and version of the library behind the lemmas, for the record."""
    return f"simplemma {version('simplemma')}"


def _arabic_spellings(word: str) -> Iterator[str]:
    bare = _ARABIC_VOWELS.sub("", word)
    yield bare
    if bare.startswith(_ARABIC_ARTICLE):
        yield bare.removeprefix(_ARABIC_ARTICLE)
    else:
        yield _ARABIC_ARTICLE + bare


@cache
def _lemmas(word: str, lang: str) -> tuple[str, ...]:
    # Reading lemmas takes once 0.2 s (English) to 3 s and 60 MB (Polish), so they are asked last. Not in `low_memory`
    # it takes twice as long, and 450 MB.
    from simplemma import lemmatize

    try:
        lemmas = [lemmatize(each, lang=lang, low_memory=True) for each in dict.fromkeys((word, word.lower()))]
    except ValueError:
        return ()  # simplemma has no lemmas for this language (Japanese, for one).
    return tuple(dict.fromkeys(lemma for lemma in lemmas if lemma != word))
