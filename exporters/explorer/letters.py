"""Letters as a search compares them: capitals, accents, widths and signs that are only spoken make no difference."""

from __future__ import annotations

import re
import unicodedata

_UNSPOKEN = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)
"""Accents of Latin, Greek and Cyrillic letters, points of Hebrew, vowel signs and the stretch of Arabic. Marks of other
scripts are letters of their own: without them a Hindi or a Japanese word is another."""

_ALEFS = str.maketrans("\u0671\u0649", "\u0627\u064a")
"""An alef stays an alef, and the two forms of a final ya are one; those with a sign above lose it as an accent."""

_ABOVE_ALEF = re.compile("(?<=[\u0627\u0648\u064a])[\u0653-\u0655]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WORDS = re.compile(r'"([^"]*)"?|(\S+)')

LEAST_INDEXED = 3
"""The index has all sequences of three signs; shorter words are looked for in the texts themselves."""


def folded(text: str) -> str:
    """A text as it is compared, on one line.

    >>> folded("Straße  im GRÜNEN"), folded("زَهْرَة"), folded("ＡＢＣ")
    ('strasse im grunen', 'زهرة', 'abc')
    """
    apart = unicodedata.normalize("NFKD", _UNSTORABLE.sub(" ", text).casefold())
    plain = _UNSPOKEN.sub("", _ABOVE_ALEF.sub("", apart)).translate(_ALEFS)
    return " ".join(unicodedata.normalize("NFC", plain).casefold().split())


def words_wanted(query: str) -> tuple[str, ...]:
    """What a text must hold, each somewhere: words, and phrases in quotation marks.

    >>> words_wanted('Blume "auf der Wiese" ÄPFEL')
    ('blume', 'auf der wiese', 'apfel')
    """
    found = (folded(phrase or word) for phrase, word in _WORDS.findall(query))
    return tuple(dict.fromkeys(filter(None, found)))
