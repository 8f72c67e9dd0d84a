"""Which font draws which letters of a text: the first in order that has them, with East Asian shapes by language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import regex

from exporters.formats.pdf.fontfiles import FontFile, fonts_of_this_machine, packaged_fonts
from exporters.story.printed.signs import drawn

EAST_ASIAN = {"ja": "Noto Sans CJK JP", "ko": "Noto Sans CJK KR", "zh": "Noto Sans CJK SC"}
"""The same character has another shape in each of these languages."""

_FOR_TEXT = ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial", "Bitstream Vera Sans")
_EMOJI = "Noto Emoji"
_LAST = "Noto Sans Symbols"
_CLUSTER = regex.compile(r"\X")
_LIKE_AN_EMOJI = "\ufe0f"
_WIDE_IN_EAST_ASIA = re.compile(
    "[\u00b7\u2010-\u2027\u2030-\u206f\u2190-\u21ff\u2460-\u27bf\u2e80-\uffef\U00020000-\U0003ffff]"
)
_OF_MANY_SCRIPTS = regex.compile(r"(?=\p{P})[\p{Script=Common}&&[^\u00b7\u2010-\u206f]]", regex.VERSION1)
_TAKES_NO_ROOM = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\U000e0020-\U000e01ef]")


@dataclass(frozen=True, eq=False)
class Typefaces:
    """Fonts in the order in which they are asked, and the characters that none of them has."""

    fonts: tuple[FontFile, ...]
    missing: frozenset[str] = frozenset()
    _found: dict[tuple[str, str | None], tuple[tuple[str, FontFile], ...]] = field(default_factory=dict)

    @property
    def text(self) -> FontFile:
        """The font of Latin letters, and of everything that has no preference."""
        return self.fonts[0]

    def stretches(self, text: str, language: str | None) -> Iterator[tuple[str, FontFile]]:
        """`text` in stretches of one font; what belongs together, a letter and its marks, is never torn apart."""
        if text.isascii():
            yield text, self.text
            return
        waiting, last = "", self.text
        for cluster in _CLUSTER.findall(text):
            # A sign of many scripts, such as the Indian full stop, comes from the font of the letters before it.
            stays = not cluster.isascii() and _OF_MANY_SCRIPTS.match(cluster) and last.has(cluster)
            for part, font in [(cluster, last)] if stays else self._of_cluster(cluster, language):
                if waiting and font is not last:
                    yield waiting, last
                    waiting = ""
                waiting, last = waiting + part, font
        if waiting:
            yield waiting, last

    def _of_cluster(self, cluster: str, language: str | None) -> tuple[tuple[str, FontFile], ...]:
        key = (cluster, language if language in EAST_ASIAN else None)
        if key not in self._found:
            self._found[key] = tuple(self._choose(*key))
        return self._found[key]

    def _choose(self, cluster: str, language: str | None) -> Iterator[tuple[str, FontFile]]:
        seen = _TAKES_NO_ROOM.sub("", cluster)
        in_order = self._in_order(cluster, language)
        # Half of all fonts have the composed letter only, or only its parts; HarfBuzz finds either.
        forms = (seen, unicodedata.normalize("NFC", seen), unicodedata.normalize("NFD", seen))
        whole = next((font for form in forms for font in in_order if font.has(form)), None)
        if whole or len(seen) < 2:
            yield cluster, whole or self.text
            return
        for character in cluster:
            yield character, next((font for font in in_order if font.has(character)), self.text)

    def _in_order(self, cluster: str, language: str | None) -> Sequence[FontFile]:
        first: list[FontFile] = []
        if _LIKE_AN_EMOJI in cluster:
            first = [font for font in self.fonts if font.family == _EMOJI]
        elif _WIDE_IN_EAST_ASIA.match(cluster):
            # East Asian punctuation is as wide as a letter, also where a Latin font has it.
            shapes = EAST_ASIAN.get(language or "")
            first = [font for font in self.fonts if font.family == shapes]
        return (*first, *self.fonts)


def typefaces_for(texts: Iterable[str]) -> Typefaces:
    """Fonts for these texts: those of the packages, and fonts of this machine for what they lack."""
    usual = _in_order(packaged_fonts())
    lacking = frozenset(one for one in drawn(frozenset().union(*texts)) if not any(font.has(one) for font in usual))
    return _with_fonts_of_this_machine(lacking)


@lru_cache(maxsize=16)
def _with_fonts_of_this_machine(lacking: frozenset[str]) -> Typefaces:
    usual = _in_order(packaged_fonts())
    if usual and not lacking:
        return Typefaces(usual)
    helpful: list[FontFile] = []
    still = set(lacking)
    others = fonts_of_this_machine()
    for font in others if usual else _in_order(others):
        found = {one for one in still if font.has(one)}
        if found or not (usual or helpful):
            helpful.append(font)
            still -= found
    return Typefaces((*usual, *helpful), frozenset(still))


def _in_order(fonts: Sequence[FontFile]) -> tuple[FontFile, ...]:
    """The text font first, emoji before scripts that have some of them, Chinese after everything it would take."""
    texts = [font for family in _FOR_TEXT for font in fonts if font.family == family]
    rank = {_EMOJI: 1, _LAST: 3, EAST_ASIAN["zh"]: 4}
    others = [font for font in fonts if font not in texts[:1]]
    last = [font for font in others if font.family.startswith("Noto Sans CJK") and font.family != EAST_ASIAN["zh"]]
    ranked = sorted((font for font in others if font not in last), key=lambda font: rank.get(font.family, 2))
    return (*texts[:1], *ranked, *last)
