"""Fold letters so that a name is found however it is written: capitals, accents, widths, what stands between words.

fold("ANNA_MÜLLER.png")     'anna muller png'
"""

from __future__ import annotations

import re
import unicodedata

APOSTROPHES = frozenset("'’‘ʼ`´＇ʹ′ʻ")

_NOT_DECOMPOSED = {
    **{"ß": "ss", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"},
    **{"ə": "a", "ŋ": "n"},
}
_SPACES = re.compile(" {2,}")

_WITHOUT_SPACES = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x1100, 0x11FF), (0x3040, 0x30FF), (0x3400, 0x9FFF)),
    *((0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),
)
"""Scripts that put no space between words, or hang endings onto them: Thai, Burmese, Khmer, Kana, Han, Hangul."""


class _Folds(dict[int, str]):
    def __missing__(self, code: int) -> str:
        folded = self[code] = _folded(chr(code))
        return folded


def _folded(sign: str) -> str:
    if sign in APOSTROPHES:
        return "'"
    if is_unseen(sign):
        return ""
    letters = (_NOT_DECOMPOSED.get(part, part) for part in unicodedata.normalize("NFKD", sign).casefold())
    kept = "".join(part for part in letters if part.isalnum())
    return kept or " "


_FOLDS = _Folds()


def fold(text: str) -> str:
    """The letters and digits of a text, folded; `'` for any apostrophe, one space for whatever else is between them."""
    return _SPACES.sub(" ", text.translate(_FOLDS))


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """The same, and for each folded character the place in the text where it comes from."""
    folded: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        for part in _FOLDS[ord(sign)]:
            if part != " " or folded[-1:] != [" "]:
                folded.append(part)
                places.append(place)
    return "".join(folded), places


def is_unseen(sign: str) -> bool:
    """Whether a character is a mark on the one before it, or nothing that anybody sees."""
    return unicodedata.category(sign) in ("Mn", "Me", "Cf")


def is_letter(sign: str) -> bool:
    """Whether a word goes on with it."""
    return sign.isalpha() or unicodedata.category(sign)[0] == "M"


def is_of_spaceless_script(sign: str) -> bool:
    """Whether words of its script stand side by side without a space."""
    return sign >= "\u0e00" and any(first <= ord(sign) <= last for first, last in _WITHOUT_SPACES)


def begins_hump(text: str, place: int) -> bool:
    """Whether a word of camelCase begins there: `annaMueller`, `PNGAnna`."""
    before, here, after = text[place - 1 : place], text[place : place + 1], text[place + 1 : place + 2]
    return here.isupper() and (before.islower() or (before.isupper() and after.islower()))
