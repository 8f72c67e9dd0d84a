"""Say the opposite of a text: every listed word is turned round, in English and in German."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from devserver.backends.errors import EngineFailed, InvalidParameter
from devserver.embedded.languages import detect_language, english_name
from devserver.engines import MadeFile

VERSION = "theopposite 2"
NEGATIONS = {"en": "Not", "de": "Nicht"}
"""What is put in front of a text that has no word with an opposite."""
_WORD = re.compile(r"[^\W\d_]+")
_ARTICLE = re.compile(r"\b([Aa])n?(?=\s+([^\W\d_]))")
_ENDINGS = ("", "e", "er", "es", "en", "em")
_MOST_TOLD = 500


def turn_around(text: str, *, seed: int = 0, images: Sequence[bytes] = (), language: str = "auto") -> MadeFile:
    """The opposite of a text, as a text.

    Every listed word is turned (`rule`: "words"); where there is none, the text is denied ("negation in front").
    `language` is `en`, `de` or `auto`. `turned` among the facts has the pairs of words.

    >>> turn_around("An old robot sings to the moon.").content
    'A young robot listens to the sun.'
    """
    code = _language(text, language)
    changes: list[list[str]] = []

    def turn(match: re.Match[str]) -> str:
        turned = _opposite(match[0], code)
        if turned != match[0]:
            changes.append([match[0], turned])
        return turned

    result = _WORD.sub(turn, text)
    rule = "words" if changes else "negation in front"
    result = (_with_articles(result) if code == "en" else result) if changes else f"{NEGATIONS[code]} {text}"
    facts = {"language": code, "rule": rule, "turned_words": len(changes), "list_version": _lists()["version"]}
    return MadeFile(result, "text/plain", facts | {"turned": changes[:_MOST_TOLD]})


@cache
def opposites(code: str) -> dict[str, str]:
    """The opposite of every listed form of `en` or `de`.

    >>> opposites("en")["flies"], opposites("de")["alten"]
    ('crawls', 'jungen')
    """
    turned = dict(_both_ways(_lists()[code]))
    for stem, opposite in _both_ways(_lists()["de_adjectives"] if code == "de" else ()):
        for ending in _ENDINGS:
            turned.setdefault(stem + ending, opposite + ending)
    return turned


def _opposite(word: str, code: str) -> str:
    """The opposite with the word's capitals, or the word itself."""
    listed = opposites(code)
    if word in listed:
        return listed[word]
    lower = listed.get(word.lower(), word)
    if lower == word or not word[0].isupper():
        return lower
    return lower.upper() if len(word) > 1 and word.isupper() else lower[0].upper() + lower[1:]


def _with_articles(text: str) -> str:
    """`a` or `an` as the next word wants it, as far as its first letter tells."""
    return _ARTICLE.sub(lambda match: match[1] + ("n" if match[2].lower() in "aeiou" else ""), text)


def _language(text: str, wanted: str) -> str:
    if wanted not in (*NEGATIONS, "auto"):
        raise InvalidParameter(f"language {wanted!r} is not one of {', '.join(NEGATIONS)}, auto")
    detected = detect_language(text) if wanted == "auto" else wanted
    if detected in NEGATIONS:
        return detected
    # Single words are hard to place; a word that a list knows settles it.
    for code in NEGATIONS:
        if any(_opposite(word, code) != word for word in _WORD.findall(text)):
            return code
    raise EngineFailed(
        f"theopposite knows English and German, and the text seems to be {english_name(detected)}; "
        "a configuration with translate_first = true has it in English first"
    )


def _both_ways(pairs: Iterable[str]) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        first, arrow, second = pair.partition(" > ")
        if arrow:
            yield first, second
        else:
            first, second = pair.split()
            yield from ((first, second), (second, first))


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads(files("devserver.embedded.texts").joinpath("opposites.toml").read_text("utf-8"))
