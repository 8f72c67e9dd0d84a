"""Split a text into what can be printed and signs for what cannot: nothing is dropped, nothing is obeyed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_BIDI_CONTROLS = "\u202a-\u202e\u2066-\u2069"
_NEVER_PRINTED = re.compile(
    # A flag of a region is a black flag and invisible tags; tags anywhere else hide words from readers.
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)"
    f"|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff\ufff9-\ufffb{_BIDI_CONTROLS}"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f"
    # For private use: every font has something else there.
    "\ue000-\uf8ff\U000f0000-\U0010ffff]"
    # What `exporters.story.readable.visible` has made of such characters.
    "|[\u2400-\u241f\u2421]|⟨U\\+(?P<code>[0-9A-F]{4,6})⟩"
)
_NAMES = "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC"
_NAMES_OF_CONTROLS = [*_NAMES.split(), "FS", "GS", "RS", "US"]
_KINDS = {"Cs": "half", "Co": "private", "Cn": "no character"}
_INVISIBLE = frozenset("\n\t\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064")


@dataclass(frozen=True, slots=True)
class Sign:
    """Stands for a character that cannot be printed: `NUL`, `ESC`, `U+D83D`."""

    label: str


Piece = str | Sign
"""A stretch of a text as it is printed."""


def pieces(text: str, missing: frozenset[str] = frozenset()) -> list[Piece]:
    r"""`text` in pieces, in order; `missing` are the characters that there is no glyph for.

    >>> pieces("rot\x00 und \ud83d")
    ['rot', Sign(label='NUL'), ' und ', Sign(label='U+D83D')]
    """
    found: list[Piece] = []
    for stretch in _split(text.replace("\r\n", "\n")):
        found.extend([stretch] if isinstance(stretch, Sign) or not missing else _drawable(stretch, missing))
    return found


def drawn(characters: Iterable[str]) -> frozenset[str]:
    """Those of the characters that need a glyph of their own."""
    return frozenset(one for one in characters if not (one.isspace() or _NEVER_PRINTED.match(one) or _is_unseen(one)))


def meaning_of(label: str, words: Mapping[str, str]) -> str:
    """What the sign stands for: the character's name in Unicode, or the kind of thing it is, in these words."""
    if not label.startswith("U+"):
        return words["control"]
    code = int(label[2:], 16)
    kind = unicodedata.category(chr(code))
    if kind in _KINDS:
        return words[_KINDS[kind]]
    name = unicodedata.name(chr(code), "").lower()
    return name if _NEVER_PRINTED.match(chr(code)) else f"{name}: {words['no glyph']}".removeprefix(": ")


def _split(text: str) -> Iterator[Piece]:
    end = 0
    for found in _NEVER_PRINTED.finditer(text):
        if found["flag"]:
            continue
        if found.start() > end:
            yield text[end : found.start()]
        yield Sign(f"U+{found['code']}" if found["code"] else _label(found[0]))
        if found[0] in "\r\u2028\u2029":
            yield "\n"
        end = found.end()
    if end < len(text):
        yield text[end:]


def _label(character: str) -> str:
    code = ord(character) - (0x2400 if "\u2400" <= character <= "\u241f" else 0)
    if code < len(_NAMES_OF_CONTROLS):
        return _NAMES_OF_CONTROLS[code]
    return "DEL" if character in "\x7f\u2421" else f"U+{code:04X}"


def _drawable(text: str, missing: frozenset[str]) -> Iterator[Piece]:
    absent = missing.intersection(text)
    if not absent:
        yield text
        return
    for stretch in re.split(f"([{re.escape(''.join(sorted(absent)))}])", text):
        if stretch:
            yield Sign(_label(stretch)) if stretch in absent else stretch


def _is_unseen(character: str) -> bool:
    return character in _INVISIBLE or "\ufe00" <= character <= "\ufe0f" or "\U000e0020" <= character <= "\U000e01ef"
