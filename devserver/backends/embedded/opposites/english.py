"""English opposites in all their forms: flowers, sang, singing, older."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from devserver.backends.embedded.opposites.lists import both_ways, read_everyday, read_wordnet

NEGATIONS = frozenset(("not", "no", "never", "n't", "none", "nobody", "nothing"))
_VOWELS = "aeiou"
_PARTS = {"noun": "nouns", "verb": "verbs", "adj": "adjectives", "adv": "others"}
_DOUBLED = re.compile(r"[^aeiou][aeiou][bdgklmnprt]")


@cache
def forms() -> dict[str, str]:
    """The opposite of every form of every listed word, in the same form.

    >>> forms()["flies"], forms()["older"], forms()["cities"]
    ('crawls', 'younger', 'villages')
    """
    turned: dict[str, str] = {}
    # The first to claim a form has it: everyday words before WordNet's, a word's own form before another's.
    for _, word, opposite in _pairs():
        turned.setdefault(word, opposite)
    for part, word, opposite in _pairs():
        for form, other in zip(_inflect(part, word), _inflect(part, opposite), strict=True):
            turned.setdefault(form, other)
    return {form: other for form, other in turned.items() if form not in _never_turned()}


def turn(word: str) -> str:
    """The opposite of a word in its form, or the word itself; capitals are not looked at.

    >>> turn("king's"), turn("teapot")
    ("queen's", 'teapot')
    """
    stem, apostrophe, ending = word.lower().partition("'")
    return forms()[stem] + apostrophe + ending if stem in forms() else word


def with_right_article(article: str, word: str) -> str:
    """`a` or `an` as the next word wants it, as far as its letters tell.

    >>> with_right_article("An", "young"), with_right_article("a", "old")
    ('A', 'an')
    """
    wanted = "an" if word[:1].lower() in _VOWELS else "a"
    return wanted.capitalize() if article[:1].isupper() else wanted


def _pairs() -> Iterator[tuple[str, str, str]]:
    everyday = read_everyday("en")
    for part in _PARTS.values():
        for word, opposite in both_ways(everyday[part]):
            yield part, word, opposite
    for word, part, opposite in read_wordnet():
        if word not in _never_turned():
            yield _PARTS[part], word, opposite


@cache
def _never_turned() -> frozenset[str]:
    return frozenset(read_everyday("en")["never_turned"])


def _inflect(part: str, word: str) -> tuple[str, ...]:
    if part == "nouns":
        return (_irregular("irregular_plurals").get(word, (_with_s(word),))[0],)
    if part == "adjectives":
        return (_with(word, "er"), _with(word, "est")) if _is_short(word) else (f"more {word}", f"most {word}")
    if part == "verbs":
        past, participle = _irregular("irregular_verbs").get(word, (_with(word, "ed"),) * 2)
        return _with_s(word), past, participle, _with(word, "ing")
    return ()


@cache
def _irregular(name: str) -> dict[str, tuple[str, ...]]:
    rows = (row.split() for row in read_everyday("en")[name])
    return {first: tuple(others) for first, *others in rows}


def _with_s(word: str) -> str:
    if re.search(r"(s|x|z|ch|sh|[^aeiou]o)$", word):
        return word + "es"
    return word[:-1] + "ies" if re.search(r"[^aeiou]y$", word) else word + "s"


def _with(word: str, ending: str) -> str:
    """The word with -ed, -ing, -er or -est."""
    if ending == "ing":
        if word.endswith("ie"):
            return word[:-2] + "ying"
        word = word[:-1] if re.search(r"[^eoy]e$", word) else word
    elif word.endswith("e"):
        word = word[:-1]
    elif re.search(r"[^aeiou]y$", word):
        word = word[:-1] + "i"
    if _is_one_syllable(word) and _DOUBLED.fullmatch(word[-3:]):
        word += word[-1]
    return word + ending


def _is_short(word: str) -> bool:
    return _is_one_syllable(word) or word.endswith(("y", "le", "ow")) or word in ("quiet", "clever")


def _is_one_syllable(word: str) -> bool:
    return len(re.findall(r"[aeiouy]+", word.removesuffix("e"))) <= 1
