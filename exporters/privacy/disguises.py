"""Undo what makes a text look like another one: percent signs, entities, escapes, base64, widths, unseen characters."""

from __future__ import annotations

import binascii
import functools
import html
import re
import unicodedata
from collections.abc import Iterator

_MOST_ROUNDS, _MOST_FORMS = 5, 40

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+|(?:=[0-9A-F]{2})+")
_PERCENT_U = re.compile(r"%u([0-9A-Fa-f]{4})")
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([nrtbf0\"'/\\]))"
)
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " ", "0": " "}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{4,}={0,2}")
_WRAPPED = re.compile(r"[A-Za-z0-9+/_=-]+(?:\s+[A-Za-z0-9+/_=-]+)+\s*")
_PRINTABLE = 0.9


class TooDisguised(ValueError):
    """After many rounds there is still something to undo: nobody writes so who wants to be read."""


def undone(text: str) -> Iterator[str]:
    """Each form that a text takes while it is undone, also in part; nothing where there is nothing to undo.

    >>> list(undone("Anna%20M%C3%BCller")), list(undone("Eine Blume"))
    (['Anna Müller'], [])
    """
    for count, form in enumerate(_undone(text, _MOST_ROUNDS)):
        if count >= _MOST_FORMS:
            raise TooDisguised(f"{_MOST_FORMS} forms were not enough")
        yield form


def _undone(text: str, rounds: int) -> Iterator[str]:
    if not rounds:
        raise TooDisguised(f"{_MOST_ROUNDS} rounds were not enough")
    steps = list(_unwritten(text))
    yield from steps
    for form in dict.fromkeys([text, *steps]):
        # A word may look like base64 and be none: what is unpacked stands beside the text, not in its place.
        if (unpacked := _from_base64(form)) != form:
            yield unpacked
            yield from _undone(unpacked, rounds - 1)
    if steps:
        yield from _undone(steps[-1], rounds - 1)


def _unwritten(text: str) -> Iterator[str]:
    """The text after each way of writing signs with other signs that there is in it."""
    for undo in (_from_percents, _from_entities, _from_escapes, _plain_letters):
        before, text = text, undo(text)
        if text != before:
            yield text


def _from_percents(text: str) -> str:
    if "%" not in text and "=" not in text:
        return text
    return _PERCENT_U.sub(lambda found: chr(int(found[1], 16)), _PERCENT.sub(_from_percent, text))


def _from_entities(text: str) -> str:
    return html.unescape(text) if "&" in text else text


def _from_escapes(text: str) -> str:
    return _joined_halves(_ESCAPE.sub(_from_escape, text)) if "\\" in text else text


def _from_percent(found: re.Match[str]) -> str:
    data = bytes.fromhex(found[0].replace("%", "").replace("=", ""))
    return _text_of(data) or data.decode("latin-1")


def _from_escape(found: re.Match[str]) -> str:
    if found[5]:
        return _SIGNS.get(found[5], found[5])
    code = int(next(filter(None, found.groups())), 16)
    return chr(code) if code <= 0x10FFFF else found[0]


def _joined_halves(text: str) -> str:
    """Two halves of a character as the character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _from_base64(text: str) -> str:
    if "\n" in text and _WRAPPED.fullmatch(text) and (whole := _decoded("".join(text.split()))):
        return whole
    # The words of a long text come again and again.
    decoded = functools.cache(_decoded)
    return _BASE64.sub(lambda found: decoded(found[0]) or found[0], text)


def _decoded(run: str) -> str | None:
    """The text that base64 stands for; None for a word that only looks like it."""
    body = run.rstrip("=").replace("-", "+").replace("_", "/")
    if len(body) % 4 == 1:
        return None
    try:
        data = binascii.a2b_base64(body + "=" * (-len(body) % 4))
    except binascii.Error:
        return None
    text = _text_of(data)
    return text if text and _is_readable(text) else None


def _text_of(data: bytes) -> str | None:
    if b"\0" in data and len(data) % 2 == 0:
        encoding = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
        return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_readable(text: str) -> bool:
    return sum(map(str.isprintable, text)) >= _PRINTABLE * len(text)


def _plain_letters(text: str) -> str:
    """Full-width and other forms of letters as the letters; what cannot be seen is gone."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_SEEN)


class _Seen(dict[int, str]):
    """What is seen of each character: itself, or nothing."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        is_unseen = code > 127 and (unicodedata.category(sign) == "Cf" or 0xFE00 <= code <= 0xFE0F)
        seen = self[code] = "" if is_unseen else sign
        return seen


_SEEN = _Seen()
