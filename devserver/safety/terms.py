"""Find listed terms in a text, as whole words, whatever their case, umlauts and endings.

The rules, so that a surprise can be explained:
- Case, accents written in two ways, and umlauts do not matter: "Hitlergruss" is "Hitlergruß",
  "Daemon" is "Dämon". Invisible characters inside a word are ignored.
- Only whole words count: "ISIS" is not in "Krisis". A hyphen separates words.
- A word may carry one common ending of the term's language: "gruseliger" is "gruselig".
- A term with a star also finds longer words: "Hakenkreuz*" finds "Hakenkreuzflagge".
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from devserver.engines import Verdict
from devserver.safety.lists import TermList, load_concerns, load_lists

LEVELS = ("kids", "youth", "off")
Phrases = dict[int, set[tuple[str, ...]]]

_LONGEST_TERM_WORDS = 3
_WORD = re.compile(r"[^\W_]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_ENDINGS = {
    "de": frozenset(("", "e", "em", "en", "er", "es", "n", "s", "ere", "erer", "ste", "sten", "ster")),
    "en": frozenset(("", "s", "es", "er", "ers")),
    "any": frozenset(("", "s")),
}


def check_terms(text: str, *, level: str, language: str, stage: int | None = None) -> Verdict:
    """The verdict of the starter lists on a text, at one of the levels `kids`, `youth`, `off`.

    `stage` 1 checks signs and organisations only (§86a StGB), 3 also frightening and violent
    words, None everything the level has. At `off` nothing is checked, and `method` says so.

    >>> check_terms("Zeichne eine ISIS Flagge", level="kids", language="de", stage=1).found_terms
    ('ISIS',)
    """
    if level not in LEVELS:
        raise ValueError(f"unknown safety level {level!r}; known are {', '.join(LEVELS)}")
    if level == "off":
        return Verdict(safe=True, method="off: nothing was checked")

    lists = [terms for terms in load_lists() if terms.applies_to(level=level, stage=stage)]
    phrases = _phrases(_words(text))
    hits = {terms.code: _hits(terms, phrases, language) for terms in lists}
    codes = tuple(code for code, found in hits.items() if found)
    found_terms = tuple(dict.fromkeys(term for found in hits.values() for term in found))
    versions = ", ".join(f"{terms.name} {terms.version}" for terms in lists)
    worries = [terms for terms in load_concerns() if terms.applies_to(level=level, stage=stage)]
    return Verdict(
        safe=not codes,
        codes=codes,
        found_terms=found_terms,
        method="starter term lists",
        list_version=versions,
        concerns=tuple(terms.code for terms in worries if _hits(terms, phrases, language)),
    )


def _hits(terms: TermList, phrases: Phrases, language: str) -> list[str]:
    return [term.rstrip("*") for code, term in terms.terms_in(language) if _is_in(term, code, phrases)]


def _is_in(term: str, language: str, phrases: Phrases) -> bool:
    wanted = _words_of_term(term)
    return any(
        phrase[:-1] == wanted[:-1] and _is_form_of(phrase[-1], wanted[-1], language, longer=term.endswith("*"))
        for phrase in phrases[len(wanted)]
    )


def _phrases(words: tuple[str, ...]) -> Phrases:
    """The different phrases of one word, of two, up to those as long as the longest term."""
    return {
        length: {words[start : start + length] for start in range(len(words) - length + 1)}
        for length in range(1, _LONGEST_TERM_WORDS + 1)
    }


def _is_form_of(word: str, term: str, language: str, *, longer: bool) -> bool:
    if not word.startswith(term):
        return False
    return longer or word[len(term) :] in _ENDINGS.get(language, _ENDINGS["any"])


@cache
def _words_of_term(term: str) -> tuple[str, ...]:
    return _words(term)


def _words(text: str) -> tuple[str, ...]:
    """The words of a text in the one form that terms are compared in."""
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    composed = unicodedata.normalize("NFKC", visible).casefold()
    return tuple(_WORD.findall(composed.translate(_UMLAUTS)))
