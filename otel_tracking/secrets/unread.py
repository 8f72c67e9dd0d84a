"""Whether the bytes of a JSON text may hold a secret, seen without reading it: a 9 KB graph costs 10 µs instead of 110.

That nothing is suspected is certain: reading the text and looking at each of its names and texts would find nothing
either. Anything else is a maybe, and whoever hears it looks closer.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Collection, Iterable
from urllib.parse import unquote_plus

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from otel_tracking.secrets.names import Names
from otel_tracking.secrets.search import Search
from otel_tracking.secrets.shapes import QUERY, USERINFO, Shape

MOST_NAMES = 64
"""Places where the name of a secret may stand, up to which each is looked at."""

LONGEST_TEXT = 65_536
"""Bytes up to which a shape is looked for. Of longer texts most is media, which has the beginnings of many."""


class Suspicion(enum.IntEnum):
    """Whether a secret is in a text: certainly none, one that only a closer look can tell, or most likely one."""

    NONE = 0
    UNCLEAR = 1
    STRONG = 2


class UnreadSearch:
    """Looks for what a policy takes for a secret in texts that nobody has read.

    `kinds` are classes of nodes whose inputs are secrets. A name or class that is no ASCII may be written in more ways
    than are looked for.
    """

    def __init__(
        self,
        names: Names,
        search: Search,
        shapes_for: Callable[[Iterable[str]], Iterable[Shape]],
        kinds: Collection[str],
    ) -> None:
        self._names, self._search, self._shapes_for = names, search, shapes_for
        self._kinds = frozenset(kinds)
        self._is_able = all(map(str.isascii, self._kinds)) and all(map(str.isascii, names.stems))
        stems = [*map(str.encode, filter(str.isascii, names.stems)), *(_KELVIN if names.stems else ())]
        self._find_stems = BytesAhoCorasick(stems, MatchKind.LeftmostFirst).find_matches_as_indexes

    def suspicion(self, raw: bytes, secrets: Collection[str]) -> Suspicion:
        """How likely it is that a JSON text holds a secret, or one of `secrets`, which are known already."""
        is_escaped = b"\\" in raw
        if not self._is_able or (is_escaped and _writes_ascii_as_numbers(raw)):
            return Suspicion.UNCLEAR
        bare = raw.replace(b"\\", b"") if is_escaped else raw
        suspicion = self._of_names(raw) or self._of_shapes(raw, bare)
        if not suspicion and b"=" in raw:
            suspicion = self._of_parameters(raw)
        if not suspicion and secrets:
            suspicion = max(_of_repetition(bare, secret) for secret in secrets)
        return suspicion

    def _of_names(self, raw: bytes) -> Suspicion:
        """Whether the name of a secret stands in a key, or as a name in a text."""
        stems = self._find_stems(raw.lower())
        if not stems:  # as nearly always
            return Suspicion.NONE
        if len(stems) > MOST_NAMES:
            return Suspicion.UNCLEAR
        suspicion, close, is_key = Suspicion.NONE, -1, False
        for _, start, end in stems:
            if start > close:
                close = _end_of_text(raw, end)
                is_key = _COLON.match(raw, close + 1) is not None
            if is_key and self._is_key_of_secret(raw[_begin_of_text(raw, start) : close]):
                return Suspicion.STRONG
            if self._may_name_secret(raw, start, end):
                suspicion = Suspicion.UNCLEAR
        return suspicion

    def _is_key_of_secret(self, key: bytes) -> bool:
        return b"\\" in key or self._names.is_secret(key.decode("utf-8", "replace"))

    def _may_name_secret(self, raw: bytes, start: int, end: int) -> bool:
        """Whether a text may say the name of a secret and then the secret, as in `secrets/labels.py`."""
        start -= _run_length(raw[max(0, start - _LONGEST_NAME) : start][::-1])
        end += _run_length(raw[end : end + _LONGEST_NAME])
        run = raw[start:end]
        if len(run) > _LONGEST_NAME:
            return False
        name, is_secret = run.decode("utf-8", "replace"), self._names.is_secret
        is_behind_escape = raw[start - 1 : start] == b"\\"  # of a line's end, which is written `\n`
        return (is_secret(name) or (is_behind_escape and is_secret(name[1:]))) and (
            _BEFORE_SECRET.match(raw, end) is not None or b"-" in run or (run.endswith(b"password") and b"login" in raw)
        )

    def _of_shapes(self, raw: bytes, bare: bytes) -> Suspicion:
        found = self._search.found_in_bytes(bare)
        if not found:
            return Suspicion.NONE
        # What stands before and behind a shape decides whether it is one, and may be written as a number.
        if b"\\u" in raw or len(raw) > LONGEST_TEXT or not self._kinds.isdisjoint(found):
            return Suspicion.UNCLEAR
        shapes = list(self._shapes_for(found))
        may_name_user = b"@" in raw and "://" in found
        if not shapes and not may_name_user:
            return Suspicion.NONE
        text = _as_read(raw)
        is_there = (may_name_user and USERINFO.search(text)) or any(_is_in(shape, text) for shape in shapes)
        return Suspicion.STRONG if is_there else Suspicion.NONE

    def _of_parameters(self, raw: bytes) -> Suspicion:
        is_secret, parameters = self._names.is_secret_in_url, QUERY.finditer(_as_read(raw))
        is_there = any(is_secret(unquote_plus(found["name"])) for found in parameters)
        return Suspicion.STRONG if is_there else Suspicion.NONE


_KELVIN = ("\u212a".encode(), b"\\u212a")
"""The one letter outside of ASCII whose small form is in it: a `k`."""

_ASCII_AS_NUMBER = re.compile(rb"\\u00[0-7]")


def _writes_ascii_as_numbers(raw: bytes) -> bool:
    return b"\\u00" in raw and _ASCII_AS_NUMBER.search(raw) is not None


_RUN = re.compile(rb"[\w.\x80-\xff-]*")
_LONGEST_NAME = 256
"""Bytes of the longest name that is one in a text: 60 letters of any alphabet."""

_BEFORE_SECRET = re.compile(rb"\\*'|\\+\"|=|(?:\s|\\[nrtfb])?:")
_COLON = re.compile(rb"\s*:")
_REST_OF_TEXT = re.compile(rb"[^\"\\]*(?:\\.[^\"\\]*)*", re.DOTALL)


def _run_length(part: bytes) -> int:
    """How many of the bytes at the beginning may be those of one name."""
    run = _RUN.match(part)
    return run.end() if run else 0


def _end_of_text(raw: bytes, place: int) -> int:
    """Where the text ends that a place is in."""
    quote = raw.find(b'"', place)
    if raw[quote - 1 : quote] != b"\\":
        return quote if quote >= 0 else len(raw)
    rest = _REST_OF_TEXT.match(raw, place)
    return rest.end() if rest else len(raw)


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


def _of_repetition(bare: bytes, secret: str) -> Suspicion:
    """Whether a secret that is known stands in a text without its backslashes, or may, as it is written in odd ways."""
    if not secret.isascii() or not secret.isprintable():
        return Suspicion.UNCLEAR
    return Suspicion.STRONG if secret.replace("\\", "").encode() in bare else Suspicion.NONE
