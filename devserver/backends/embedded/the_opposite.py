"""Say the opposite of a text: every word that has a listed opposite is turned round, in English and in German."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from devserver.backends.embedded.languages import detect_language, english_name
from devserver.backends.embedded.opposites import english, german
from devserver.backends.embedded.opposites.lists import read_everyday
from devserver.backends.errors import EngineFailed, InvalidParameter

VERSION = "theopposite 1"
LANGUAGES = ("en", "de")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_FORMS = {"en": english.forms, "de": german.forms}
_MOST_TOLD = 500


class Piece(NamedTuple):
    """A word, with what stood before it."""

    before: str
    word: str


@dataclass(frozen=True, slots=True)
class Opposite:
    """The turned text, with what was turned (`turned`, pairs of words) and by which `rule`."""

    text: str
    parameters: dict[str, Any] = field(default_factory=dict)


def turn_around(text: str, *, language: str = "auto") -> Opposite:
    """The opposite of a text.

    Every word with a listed opposite is turned, in its own form (`rule`: "words"). Where there is none a negation is
    taken out ("negation removed"); where there is none of those, one is put in: at the first "a" or "ein" ("article
    negated"), else in front of the text ("negation in front"). `language` is `en`, `de` or `auto`.

    >>> turn_around("An old robot sings to the moon.").text
    'A young robot listens to the sun.'
    """
    code = _language(text, language)
    pieces, rest = _take_apart(text)
    turned, changes = (_turn_german if code == "de" else _turn_english)(pieces)
    rule, result = ("words", turned) if changes else _negate(pieces, code)
    parameters = {"language": code, "rule": rule, "turned_words": len(changes), "list_version": _version(code)}
    parameters["turned"] = [list(change) for change in changes[:_MOST_TOLD]]
    return Opposite("".join(piece.before + piece.word for piece in result) + rest, parameters)


def _turn_english(pieces: list[Piece]) -> tuple[list[Piece], list[tuple[str, str]]]:
    words = [_with_capitals_of(piece.word, english.turn(piece.word)) for piece in pieces]
    changes = [(piece.word, word) for piece, word in zip(pieces, words, strict=True) if piece.word != word]
    for place, word in enumerate(words[1:]):
        if words[place].lower() in ("a", "an") and word != pieces[place + 1].word:
            words[place] = english.with_right_article(words[place], word)
    return [Piece(piece.before, word) for piece, word in zip(pieces, words, strict=True)], changes


def _turn_german(pieces: list[Piece]) -> tuple[list[Piece], list[tuple[str, str]]]:
    known, words = german.forms(), [piece.word for piece in pieces]
    turned_places = []
    for place, (before, word) in enumerate(pieces):
        turned = german.turn_noun(words[_phrase_start(pieces, place) : place], word) if word[0].isupper() else None
        if turned:
            words[place - len(turned[0]) : place + 1] = [*turned[0], turned[1]]
        # In the middle of a sentence a capital makes a noun; "Alte" is no "alt".
        elif word.lower() in known and (word[0].islower() or _begins_sentence(place, before)):
            words[place] = _with_capitals_of(word, known[word.lower()])
        if words[place] != word:
            turned_places.append(place)
    changes = [(pieces[place].word, words[place]) for place in turned_places]
    return [Piece(piece.before, word) for piece, word in zip(pieces, words, strict=True)], changes


def _phrase_start(pieces: list[Piece], place: int) -> int:
    """Where the words begin that may agree with a noun: the last five that only spaces stand between."""
    start = place
    while start > 0 and place - start < 5 and pieces[start].before.isspace():
        start -= 1
    return start


def _negate(pieces: list[Piece], code: str) -> tuple[str, list[Piece]]:
    negations = german.NEGATIONS if code == "de" else english.NEGATIONS
    for place, piece in enumerate(pieces):
        if piece.word.lower() in negations:
            return "negation removed", pieces[:place] + _closed_up(piece, pieces[place + 1 :])
    article: Callable[[str], str | None] = german.negate_article if code == "de" else _no_for_a
    for place, piece in enumerate(pieces):
        if negated := article(piece.word):
            return "article negated", [*pieces[:place], Piece(piece.before, negated), *pieces[place + 1 :]]
    if not pieces:
        return "nothing to turn", pieces
    first = Piece(pieces[0].before, "Nicht" if code == "de" else "Not")
    return "negation in front", [first, Piece(" ", pieces[0].word), *pieces[1:]]


def _closed_up(removed: Piece, following: list[Piece]) -> list[Piece]:
    """The pieces after a removed one, in its place."""
    if not following:
        return []
    word = _with_capitals_of(removed.word, following[0].word) if not removed.before else following[0].word
    return [Piece(removed.before, word), *following[1:]]


def _no_for_a(word: str) -> str | None:
    return {"a": "no", "an": "no", "A": "No", "An": "No"}.get(word)


def _take_apart(text: str) -> tuple[list[Piece], str]:
    pieces, end = [], 0
    for match in _WORD.finditer(text):
        pieces.append(Piece(text[end : match.start()], match[0]))
        end = match.end()
    return pieces, text[end:]


def _begins_sentence(place: int, before: str) -> bool:
    return place == 0 or bool(re.search(r"[.!?:…\n]", before))


def _with_capitals_of(source: str, word: str) -> str:
    if source == word:
        return word
    if len(source) > 1 and source.isupper():
        return word.upper()
    return word[0].upper() + word[1:] if source[0].isupper() else word


def _language(text: str, wanted: str) -> str:
    if wanted not in (*LANGUAGES, "auto"):
        raise InvalidParameter(f"language {wanted!r} is not one of {', '.join(LANGUAGES)}, auto")
    if wanted != "auto":
        return wanted
    detected = detect_language(text)
    if detected in LANGUAGES:
        return detected
    # Single words are hard to place; a word that a list knows settles it.
    words = {piece.word.lower() for piece in _take_apart(text)[0]}
    for code in LANGUAGES:
        if any(word in _FORMS[code]() or word.capitalize() in german.nouns() for word in words):
            return code
    raise EngineFailed(
        f"theopposite knows English and German, and the text seems to be {english_name(detected)}; "
        "a configuration with translate_first = true has it in English first"
    )


def _version(code: str) -> str:
    version = f"everyday {code} {read_everyday(code)['version']}"
    return version if code == "de" else f"{version}, WordNet 3.0"
