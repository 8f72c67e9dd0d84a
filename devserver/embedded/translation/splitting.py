"""Take a text apart into words and what stands between them, and give a word its capitals back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

# A letter may carry combining marks (Latin accents, Arabic vowels, Devanagari signs);
# an apostrophe inside a word belongs to it ("don't").
_LETTERS = r"(?:[^\W\d_][\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f]*)+"
_WORD = re.compile(rf"{_LETTERS}(?:['’]{_LETTERS})*")
_SENTENCE_END = re.compile(r"[.!?…:。！？\n]")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LANGUAGES_WITHOUT_ARTICLES = frozenset(("ja", "pl", "ru"))
_ARTICLES = {
    "en": frozenset(("a", "an", "the")),
    "de": frozenset(("ein", "eine", "einen", "einem", "einer", "der", "die", "das", "den", "dem", "des")),
}
_LONGEST_JAPANESE_HEADWORD = 12
# Case and topic marks have no word of their own in the target; a dictionary explains them instead.
_JAPANESE_PARTICLES = frozenset([*"はがをにでのもへとてただなねよ", "です", "ます"])


class Headwords(Protocol):
    """Anything that can tell whether it lists a headword: a dictionary, a set."""

    def __contains__(self, headword: str, /) -> bool:
        """Whether the headword is listed."""


@dataclass(frozen=True, slots=True)
class WordInText:
    """A word, with what stood before it and whether it begins a sentence."""

    text: str
    before: str
    begins_sentence: bool


def split_words(text: str) -> tuple[list[WordInText], str]:
    """The words of a text with what stands before each, and what stands after the last.

    >>> words, rest = split_words("Ja! Nein.")
    >>> [(word.before, word.text, word.begins_sentence) for word in words], rest
    ([('', 'Ja', True), ('! ', 'Nein', True)], '.')
    """
    words: list[WordInText] = []
    end = 0
    for match in _WORD.finditer(text):
        before = text[end : match.start()]
        begins = not words or bool(_SENTENCE_END.search(before))
        words.append(WordInText(match.group(), before, begins))
        end = match.end()
    return words, text[end:]


def without_articles(words: list[WordInText], *, from_lang: str, to_lang: str) -> list[WordInText]:
    """The words without articles where the target language has none, the sentence's capital handed on."""
    articles = _ARTICLES.get(from_lang, frozenset()) if to_lang in _LANGUAGES_WITHOUT_ARTICLES else frozenset()
    kept: list[WordInText] = []
    left_out: WordInText | None = None
    for word in words:
        if word.text.lower() in articles:
            left_out = left_out or word
        else:
            kept.append(_in_place_of(left_out, word) if left_out else word)
            left_out = None
    return kept or words


def _in_place_of(first: WordInText, word: WordInText) -> WordInText:
    text = word.text[0].upper() + word.text[1:] if first.begins_sentence and first.text[0].isupper() else word.text
    return WordInText(text, first.before, first.begins_sentence or word.begins_sentence)


def split_japanese(words: list[WordInText], headwords: Headwords) -> list[WordInText]:
    """The words with every run of Japanese cut into the longest listed headwords, spaces set between.

    Particles are left out.
    """
    return [piece for word in words for piece in _cut(word, headwords)]


def _cut(word: WordInText, headwords: Headwords) -> Iterator[WordInText]:
    before, begins = word.before, word.begins_sentence
    for piece in _longest_matches(word.text, headwords):
        if piece in _JAPANESE_PARTICLES:
            continue
        yield WordInText(piece, before, begins)
        before, begins = " ", False


def _longest_matches(text: str, headwords: Headwords) -> Iterator[str]:
    """Headwords from left to right, the longest that fits each time; what fits none is kept together."""
    start = unknown_from = 0
    while start < len(text):
        ends = range(min(len(text), start + _LONGEST_JAPANESE_HEADWORD), start, -1)
        end = next((end for end in ends if _JAPANESE.match(text[start]) and text[start:end] in headwords), None)
        if end is None:
            start += 1
            continue
        if unknown_from < start:
            yield text[unknown_from:start]
        yield text[start:end]
        start = unknown_from = end
    if unknown_from < len(text):
        yield text[unknown_from:]


def join_japanese(text: str) -> str:
    """The text without the spaces between two Japanese characters, as Japanese is written.

    >>> join_japanese("その 花 robot")
    'その花 robot'
    """
    return re.sub(rf"(?<={_JAPANESE.pattern}) (?={_JAPANESE.pattern})", "", text)


def with_case_of(source: WordInText, translated: str, *, to_lang: str) -> str:
    """The translated word in capitals where the source was, and capitalised where it begins a sentence.

    A script without capitals counts as capitalised there.

    >>> with_case_of(WordInText("Eine", "", True), "a", to_lang="en")
    'A'
    """
    if len(source.text) > 1 and source.text.isupper():
        return _upper(translated, to_lang)
    if source.begins_sentence and not source.text[0].islower():
        return _upper(translated[0], to_lang) + translated[1:]
    return translated


def _upper(text: str, to_lang: str) -> str:
    # Turkish has an i with and one without a dot, in both sizes.
    return (text.replace("i", "İ") if to_lang == "tr" else text).upper()
