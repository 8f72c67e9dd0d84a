"""Where lines may end: after spaces and hyphens, between ideographs, before Thai syllables.

The rules of UAX 14 that show in prompts and poems, not all of them. A word that is wider than its line is broken
between any two letters.
"""

from __future__ import annotations

import regex

_SPACE = "[ \t\u1680\u2000-\u2006\u2008-\u200b\u205f\u3000]"
_IDEOGRAPH = (
    "[\u2e80-\u2fff\u3003-\u3007\u3012\u3013\u301c-\u9fff\ua000-\ua4cf"
    "\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6\U0001b000-\U0001b2ff\U00020000-\U0003ffff]"
)
_THAI = "[\u0e01-\u0e5b\u0e81-\u0edf]"
_BEGINS_A_SYLLABLE = "[\u0e40-\u0e44\u0ec0-\u0ec4]"
_NEVER_FIRST = (
    "[)\\]}!?.,:;%’”»›、。，．・：；？！」』】）〉》〕］｝〞〟…‥ー々〻ゝゞヽヾ"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰ-ㇿ～％\u0300-\u036f\u3099\u309a\ufe00-\ufe0f]"
)
_NEVER_LAST = "[(\\[{‘“«‹「『【（〈《〔［｛〝]"

SIGN = "\ufdd0"
"""Stands for a sign in a frame; a text cannot hold it: there it would be a sign itself."""

_PARTS = regex.compile(
    f"(?P<space>{_SPACE}+)"
    f"|{SIGN}{_NEVER_FIRST}*"
    f"|{_NEVER_LAST}*{_IDEOGRAPH}{_NEVER_FIRST}*"
    f"|{_BEGINS_A_SYLLABLE}?(?:(?!{_BEGINS_A_SYLLABLE}){_THAI})+{_NEVER_FIRST}*"
    # A word to its end, or to a hyphen or slash inside it; brackets before an ideograph belong to that.
    f"|(?:(?!{_SPACE}|{SIGN}|{_IDEOGRAPH}|{_THAI}|{_NEVER_LAST}+{_IDEOGRAPH}).)+?"
    f"(?:(?<=\\w[-‐–—/]+)(?=\\w)|(?={_SPACE}|{SIGN}|{_NEVER_LAST}*{_IDEOGRAPH}|{_THAI}|$))"
    "|."
)
_CLUSTERS = regex.compile(r"\X")


def parts(line: str) -> list[tuple[str, bool]]:
    """A line in parts that stay whole, and whether each is a space.

    >>> parts("ein Wort-Spiel"), [part for part, _ in parts("「赤い家」。")]
    ([('ein', False), (' ', True), ('Wort-', False), ('Spiel', False)], ['「赤', 'い', '家」。'])
    """
    return [(found[0], found["space"] is not None) for found in _PARTS.finditer(line)]


def letters(word: str) -> list[str]:
    """A word in letters, each with its marks."""
    return _CLUSTERS.findall(word)
