"""Whether bytes may hold a secret: a search for many literals at once, 0.2 µs for a typical item.

Every shape and every form of a name has a literal that stands in whatever it finds (`glpat-`, `-----BEGIN`, `pi_key`).
They are looked for in what was frozen, where texts stand as they are, so that a value without any costs no look at its
parts (`docs/decisions/redaction.md`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from otel_tracking.secrets.names import Names

Find = Callable[[bytes], object]
"""Says something that is true where a literal was found."""

# The names of secrets, in the ways they are written. A name that only ends in a telling word ("token" is one, "tokens"
# are none) is known by what follows it: in a pickle the code of a short text (0x8c), in a text what separates a name
# from its value.
_WORDS = ("assw", "ASSW", "assph", "ecret", "ECRET", "uthoriz", "ookie", "OOKIE", "redent", "earer")
_NAME_ENDS = (
    *("ey\x8c", "EY\x8c", "oken\x8c", "OKEN\x8c", "wd\x8c", "uth\x8c"),
    *("ey=", "EY=", 'ey"', "ey'", "ey:", "oken=", "OKEN=", 'oken"', "oken'", "oken:", "wd="),
)
_MEMO = "\x80\x04\x95"
"""How the payload of an awkward value begins: other codes follow its names, so it is always looked at."""

_NAMES_AT_ONCE = (*_WORDS, *_NAME_ENDS, _MEMO, "ai4artsed_openrouter_key")
_SHAPES_AT_ONCE = (
    *("://", "sk-", "k_live_", "hf_", "r8_", "eyJ", "xox", ":AA", "SG.", "dp.", "shp", "hook", "asic ", "key-"),
    *("-----BEGIN", "glpat-", "gho_", "ghp_", "github_pat_", "AKIA", "ASIA", "AIza", "npm_", "sess-", "ya29."),
    *("_v1_", "dapi", "pypi-", "dckr_", "ntn_", "lin_", "AGE-SECRET", "hvs.", "fm2_", "sbp_"),
)
AT_ONCE = (*_NAMES_AT_ONCE, *_SHAPES_AT_ONCE)
"""What is looked for on the pipeline's thread: as many as one search compares at once. The others are looked for by
whoever reads what was frozen.
"""

NAMED = (*_NAMES_AT_ONCE, "ASSPH", "UTHORIZ", "REDENT", "EARER")
"""Where a name of a secret may stand."""

IN_URLS = ("://", "sig=", "gnature=", "code=")
"""Where a URL may hold a secret."""

MOST_AT_ONCE, _BUCKETS = 64, 16
"""Literals that the search compares at once, and into how many buckets it puts them, on processors with AVX2."""


class Search:
    """Looks for literals, of which those that are known to this module are found by `at_once`, all others by `late`;
    where neither sees anything there is none. `own` are looked for at once as well, which costs a second search.
    """

    def __init__(self, literals: Iterable[str], own: Iterable[str] = ()) -> None:
        first, mine = _Group(AT_ONCE), tuple(_Group([literal]) for literal in own)
        self._on_the_way = (first, *mine)
        self._all = (*self._on_the_way, _Group(set(literals) - set(AT_ONCE)))
        self.literals = tuple(literal for group in self._all for literal in group.literals)
        self.at_once: Find = (lambda data: any(group.find(data) for group in self._on_the_way)) if mine else first.find
        self.late: Find = self._all[-1].find

    def found_in(self, text: str) -> frozenset[str]:
        """The literals that stand in a text, which is mostly none."""
        return self.found_in_bytes(text.encode("utf-8", "surrogatepass"))

    def found_in_bytes(self, data: bytes) -> frozenset[str]:
        """The literals that stand in bytes."""
        if self.at_once(data) or self.late(data):
            return frozenset(found.literal for group in self._all for found in group.all_in(data))
        return _NOTHING

    def is_suspicious(self, data: bytes, names: Names, *, late: bool = True) -> bool:
        """Whether one of the literals in bytes is more than a word of prose or a harmless parameter.

        Without `late`, only those that are found at once are looked at.
        """
        groups = self._all if late else self._on_the_way
        return any(group.is_suspicious(data, names) for group in groups)


class _Found(NamedTuple):
    literal: str
    start: int
    end: int


class _Group:
    """Literals that are searched for together."""

    def __init__(self, literals: Iterable[str]) -> None:
        # Those that begin alike share a bucket: the search puts every sixteenth into the same one, and takes what looks
        # a little like several of one bucket for worth comparing (a graph: 5.5 → 3.4 µs).
        alike = sorted(literals, key=_encode)
        height = max(1, -(-len(alike) // _BUCKETS))
        self.literals = tuple(literal for offset in range(height) for literal in alike[offset::height])
        encoded = [_encode(literal) for literal in self.literals]
        self.find = BytesAhoCorasick(encoded, MatchKind.LeftmostFirst).find_matches_as_indexes
        self._checks = [_CHECKS.get(literal) for literal in self.literals]
        self._hidden = [tuple(_hidden_behind(literal, encoded)) for literal in encoded]

    def all_in(self, data: bytes) -> Iterator[_Found]:
        """Every literal in `data`, with where it begins and ends; also what begins within another."""
        for number, start, end in self.find(data):
            yield _Found(self.literals[number], start, end)
            for other, offset, literal in self._hidden[number]:
                if data.startswith(literal, start + offset):
                    yield _Found(self.literals[other], start + offset, start + offset + len(literal))

    def is_suspicious(self, data: bytes, names: Names) -> bool:
        """Whether one of them is more than a word: in fewer steps than by `all_in`, since every URL comes here."""
        for number, start, end in self.find(data):
            if self._is_telling(number, data, start, end, names):
                return True
            for other, offset, literal in self._hidden[number]:
                at = start + offset
                if data.startswith(literal, at) and self._is_telling(other, data, at, at + len(literal), names):
                    return True
        return False

    def _is_telling(self, number: int, data: bytes, start: int, end: int, names: Names) -> bool:
        check = self._checks[number]
        if check is not None and not check(data, start):
            return False
        literal = self.literals[number]
        if literal in _NAME_ENDS:
            name = _name_before(data, start, end - 1)
            if not (names.is_secret_in_url(name) if literal.endswith("=") else names.is_secret(name)):
                return False
        return _REMOVED.match(data, start) is None


def _hidden_behind(literal: bytes, others: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """The literals that may begin within `literal`, and where: who finds that goes on behind it."""
    for number, other in enumerate(others):
        for offset in range(len(literal)):
            rest = literal[offset:]
            if other != literal and (rest.startswith(other) or other.startswith(rest)):
                yield number, offset, other


_NOTHING: frozenset[str] = frozenset()


def literals_of(name: str) -> Iterator[str]:
    """A name of one's own in the ways it may be written; whoever writes it otherwise still loses what has a shape."""
    yield from dict.fromkeys((name, name.lower(), name.upper(), name.title(), name.capitalize()))


def _encode(literal: str) -> bytes:
    in_a_pickle = literal == _MEMO or literal.endswith("\x8c")
    return literal.encode("latin-1" if in_a_pickle else "utf-8", "surrogatepass")


_REMOVED = re.compile(rb"[\w.-]{2,60}(?:\\*[\"']:\s?\\*[\"']|\x8c.|=)\[removed: ", re.DOTALL)
"""A name whose secret is gone already: it was removed on the wire, or by the process that sent this."""

_LAST_WORDS = re.compile(rb"[\w. -]*\Z")


def _name_before(payload: bytes, start: int, end: int) -> str:
    """The name that ends at `end`; in a text that ends there, its last words."""
    found = _LAST_WORDS.search(payload[max(0, start - 60) : end])
    return found[0].decode("ascii") if found else ""


def _matches(expression: bytes) -> Callable[[bytes, int], object]:
    return re.compile(expression, re.DOTALL).match


def _is_no_prose(payload: bytes, start: int) -> bool:
    # "client-secret" is the name of an option, and "secret" a word.
    return payload[max(0, start - 2) : start - 1] in (b"-", b"_") or _PROSE.match(payload, start) is None


_PROSE = re.compile(rb"[a-z]{4,16}(?:[.,!?;)]|[ \n]+(?![=:\s]))")
"""A telling word as people write it: "a secret garden", "cookies!"."""

_CHECKS: dict[str, Callable[[bytes, int], object]] = {
    **dict.fromkeys(("ecret", "uthoriz", "ookie", "redent"), _is_no_prose),
    "earer": _matches(rb"earer(?:\s+[\w.~+/=-]{8}|[^a-z\s.,!?;])"),
    "asic ": _matches(rb"asic +(?=[A-Za-z+/]*[A-Z0-9])[A-Za-z0-9+/]{6}"),
    "://": _matches(rb"://[^\s\"'<>]{0,8000}[@=]"),
    "sk-": _matches(rb"sk-[\w.~+/=-]{8}"),
    "sk_": _matches(rb"sk_(?:(?:live|test|prod)_[A-Za-z0-9]{10}|[0-9a-f]{32})"),
    "rk_": _matches(rb"rk_(?:live|test|prod)_[A-Za-z0-9]{10}"),
    "hf_": _matches(rb"hf_[A-Za-z0-9]{14}"),
    "r8_": _matches(rb"r8_[A-Za-z0-9]{20}"),
    "xox": _matches(rb"xox[a-z][-.]"),
    "eyJ": _matches(rb"eyJ[\w-]{8,4000}(?:\.|[\w+/]{250})"),
    "dp.": _matches(rb"dp\.(?:pt|st|ct|sa|scim|audit)\."),
    "SG.": _matches(rb"SG\.[\w-]{16}"),
    ":AA": _matches(rb":AA[\w-]{30}"),
    "key-": _matches(rb"key-[0-9a-f]{32}"),
    "dapi": _matches(rb"dapi[a-f0-9]{32}"),
    "lin_": _matches(rb"lin_(?:api|oauth)_"),
    "ntn_": _matches(rb"ntn_[A-Za-z0-9]{30}"),
    "glc_": _matches(rb"glc_[A-Za-z0-9+/]{30}"),
    "sntr": _matches(rb"sntry[su]_"),
    "shp": _matches(rb"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    "_v1_": _matches(rb"(?<=do[opr])_v1_[a-f0-9]{64}"),
    "hook": _matches(rb"hook[^\s\"']{0,200}/[\w@-]{8}"),
    "1//0": _matches(rb"1//0[\w-]{20}"),
}
"""What everyday texts begin alike, and a closer look at the bytes where one begins."""
