"""Whether the bytes of a JSON text may hold a secret, seen without reading it: a 9 KB graph costs 8 µs instead of 110.

A no is certain: reading the text and looking at each of its names and texts would find nothing either. A yes is a
maybe, and whoever hears it looks closer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from urllib.parse import unquote_plus

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from otel_tracking.secrets.names import Names
from otel_tracking.secrets.search import Search
from otel_tracking.secrets.shapes import QUERY, USERINFO, Shape

MOST_NAMES = 64
"""Places where the name of a secret may stand, up to which each is looked at."""


class UnreadSearch:
    """Looks for what a policy takes for a secret in texts that nobody has read.

    `kinds` are classes of nodes whose inputs are secrets. A name or class that is no ASCII may be written in more ways
    than are looked for.
    """

    def __init__(
        self, names: Names, search: Search, shapes_for: Callable[[Iterable[str]], Iterable[Shape]], kinds: Collection[str]
    ) -> None:
        self._names, self._search, self._shapes_for = names, search, shapes_for
        self._kinds = frozenset(kinds)
        self._is_able = all(map(str.isascii, self._kinds)) and all(map(str.isascii, names.stems))
        stems = [*map(str.encode, filter(str.isascii, names.stems)), *(_KELVIN if names.stems else ())]
        self._find_stems = BytesAhoCorasick(stems, MatchKind.LeftmostFirst).find_matches_as_indexes

    def may_hold_secret(self, raw: bytes, secrets: Collection[str]) -> bool:
        """Whether it is worth looking closer at a JSON text; `secrets` are those that are known already."""
        is_escaped = b"\\" in raw
        if not self._is_able or (is_escaped and _writes_ascii_as_numbers(raw)):
            return True
        bare = raw.replace(b"\\", b"") if is_escaped else raw
        return (
            self._has_name(raw)
            or self._has_shape(raw, bare)
            or (b"=" in raw and self._has_parameter(raw))
            or (bool(secrets) and any(_repeats(bare, secret) for secret in secrets))
        )

    def _has_name(self, raw: bytes) -> bool:
        """Whether the name of a secret stands in a key, or as a name in a text."""
        stems = self._find_stems(raw.lower())
        if not stems:  # as nearly always
            return False
        return len(stems) > MOST_NAMES or any(self._is_name(raw, start, end) for _, start, end in stems)

    def _is_name(self, raw: bytes, start: int, end: int) -> bool:
        """Whether the name of a secret may stand around a part of one."""
        start, last = start - _run_length(raw[max(0, start - _LONGEST_NAME) : start][::-1]), end
        end += _run_length(raw[end : end + _LONGEST_NAME])
        run, is_secret = raw[start:end].decode("utf-8", "replace"), self._names.is_secret
        if is_secret(run) or "\\" in run or raw[end : end + 2] == b"\\u":
            return True
        if raw[start - 1 : start] == b"\\" and (run[:1] == "u" or is_secret(run[1:])):  # behind a line's end: `\n`
            return True
        rest_of_key = _REST_OF_KEY.match(raw, last)
        if rest_of_key is None:
            return False
        key = raw[_begin_of_text(raw, start) : rest_of_key.end()]
        return b"\\" in key or is_secret(key.decode("utf-8", "replace"))

    def _has_shape(self, raw: bytes, bare: bytes) -> bool:
        found = self._search.found_in_bytes(bare)
        if not found:
            return False
        # What stands before and behind a shape decides whether it is one, and may be written as a number.
        if b"\\u" in raw or not self._kinds.isdisjoint(found):
            return True
        text = _as_read(raw)
        if "://" in found and USERINFO.search(text):
            return True
        return any(_is_in(shape, text) for shape in self._shapes_for(found))

    def _has_parameter(self, raw: bytes) -> bool:
        is_secret = self._names.is_secret_in_url
        return any(is_secret(unquote_plus(found["name"])) for found in QUERY.finditer(_as_read(raw)))


_KELVIN = ("\u212a".encode(), b"\\u212a")
"""The one letter outside of ASCII whose small form is in it: a `k`."""

_ASCII_AS_NUMBER = re.compile(rb"\\u00[0-7]")


def _writes_ascii_as_numbers(raw: bytes) -> bool:
    return b"\\u00" in raw and _ASCII_AS_NUMBER.search(raw) is not None


_RUN = re.compile(rb"[\w.\x80-\xff-]*")
_LONGEST_NAME = 256
"""Bytes of the longest name in a text: 60 letters of any alphabet."""

_REST_OF_KEY = re.compile(rb"[^\"\\]*(?:\\.[^\"\\]*)*(?=\"\s*:)", re.DOTALL)


def _run_length(part: bytes) -> int:
    """How many of the bytes at the beginning may be those of one name."""
    run = _RUN.match(part)
    return run.end() if run else 0


def _begin_of_text(raw: bytes, place: int) -> int:
    """Where the text begins that a place is in."""
    quote = raw.rfind(b'"', 0, place)
    while raw[quote - 1 : quote] == b"\\":
        quote = raw.rfind(b'"', 0, quote)
    return quote + 1


_READ_AS = ((b"\\\\", b"\0"), (b"\\n", b"\n"), (b"\\r", b"\r"), (b"\\t", b"\t"), (b"\\f", b"\f"), (b"\\b", b"\b"))


def _as_read(raw: bytes) -> str:
    """A JSON text whose texts stand as their readers see them, but for letters that are written as numbers."""
    if b"\\" in raw:
        for written, read in _READ_AS:
            raw = raw.replace(written, read)
        raw = raw.replace(b"\\", b"").replace(b"\0", b"\\")
    return raw.decode("utf-8", "replace")


def _is_in(shape: Shape, text: str) -> bool:
    found = shape.pattern.finditer(text)
    return any(shape.is_one is None or shape.is_one(one[0]) for one in found)


def _repeats(bare: bytes, secret: str) -> bool:
    """Whether a secret that is known stands in a text without its backslashes, or may, as it is written in odd ways."""
    if not secret.isascii() or not secret.isprintable():
        return True
    return secret.replace("\\", "").encode() in bare
