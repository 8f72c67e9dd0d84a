"""Find the names of a list in a text, in every way they are usually written.

A roster is a text file with a name on each line; what follows `#` is a comment. Names are letters, never patterns.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice, product
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from exporters.errors import UnusableRoster
from exporters.privacy.folding import begins_hump, fold, fold_with_places, is_letter, is_of_spaceless_script
from exporters.privacy.text_rules import Hit

_KIND = "name"

SHORTEST_PART = 3
"""Letters of a part of a full name that is looked for on its own; two in scripts such as Han."""

_PARTICLES = frozenset(
    (
        *("von", "van", "vom", "der", "den", "dem", "de", "del", "della", "di", "da", "dos", "das", "du", "la", "le"),
        *("les", "el", "al", "bin", "bint", "ibn", "abu", "zu", "zur", "zum", "und", "and", "auf", "of", "the", "af"),
        *("ter", "ten"),
    )
)
"""Parts of names that are words: they are looked for within the name alone."""

_SPELLINGS: dict[str, tuple[str, ...]] = {
    **{"ä": ("a", "ae"), "ö": ("o", "oe"), "ü": ("u", "ue"), "å": ("a", "aa"), "ø": ("o", "oe"), "æ": ("ae", "a")},
    **{"ae": ("ae", "a"), "oe": ("oe", "o"), "ue": ("ue", "u"), "aa": ("aa", "a"), "ş": ("s", "sh", "sch")},
    **{"ç": ("c", "ch"), "œ": ("oe", "o")},
}
_SPELLED = re.compile(f"({'|'.join(_SPELLINGS)})")
_MOST_SPELLINGS = 64

_ENDINGS = frozenset({"", "s", "ns", "chen", "chens", "lein", "leins"})
_ENDINGS_OF_LONGER = _ENDINGS | {
    *("ens", "es", "in", "un", "nin", "nun", "ya", "ye", "yi", "yu", "da", "de", "ta", "te", "dan", "den", "tan"),
    *("ten", "la", "le", "yla", "yle", "ler", "lar", "gil", "giller", "cik", "cigim", "cim", "li", "el"),
}
"""What hangs on a name in German, Turkish and English. To names of three letters less: no `Tim` in Timing."""
_LONGER = 4
_VOWELS = tuple("aeioy")


def read_roster(path: str | Path) -> Roster:
    """The names of a file, in UTF-8. `UnusableRoster` where a line has no letter, or none a name."""
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UnusableRoster(f"{path} is not text in UTF-8; save it as such, a name on each line") from None
    names = [line.partition("#")[0].strip() for line in lines]
    for number, name in enumerate(names, start=1):
        if name and not any(map(str.isalpha, name)):
            raise UnusableRoster(f"{path}: line {number} has no letter; a name, or a comment after # would work")
    if not any(names):
        raise UnusableRoster(f"{path} has no name; a name on each line would work")
    return Roster(filter(None, names))


class Roster:
    """A rule that finds these names: `Roster(["Anna Müller"])`.

    >>> [hit.kind for hit in Roster(["Anna Müller"])("ANNAS Bild, von mueller_anna.png")]
    ['name', 'name', 'name', 'name']
    >>> list(Roster(["Tim"])("Zeitimer"))
    []
    """

    name, version = "roster", "1"

    def __init__(self, names: Iterable[str], *, parts: bool = True) -> None:
        """`parts` says whether each part of a name is one: of an id such as `student-7` none is."""
        patterns_of = _patterns_of if parts else _whole
        self._patterns = sorted({pattern for name in names for pattern in patterns_of(name)})
        self._search = AhoCorasick(self._patterns).find_matches_as_indexes if self._patterns else None

    def __call__(self, text: str) -> Iterator[Hit]:
        """Each name in the text, with its ending."""
        if self._search is None or not self._search(fold(text)):
            return
        folded, places = fold_with_places(text)
        for number, start, end in self._search(folded, overlapping=True):
            first, last = places[start], places[end] if end < len(places) else len(text)
            if _begins(text, first) and (stop := self._end(text, last, self._patterns[number])):
                yield Hit(first, stop, _KIND)

    def _end(self, text: str, place: int, name: str) -> int:
        """Where a name with its ending ends; 0 where the word goes on otherwise."""
        end = place
        if not is_of_spaceless_script(text[place - 1]):
            while end < len(text) and _goes_on(text, end):
                end += 1
        endings = _ENDINGS_OF_LONGER if len(name) >= _LONGER else _ENDINGS
        return end if fold(text[place:end]) in endings else 0


def _begins(text: str, place: int) -> bool:
    if place == 0 or begins_hump(text, place) or not is_letter(text[place - 1]):
        return True
    return is_of_spaceless_script(text[place]) or is_of_spaceless_script(text[place - 1])


def _goes_on(text: str, place: int) -> bool:
    sign = text[place]
    return is_letter(sign) and not begins_hump(text, place) and not is_of_spaceless_script(sign)


def _patterns_of(name: str) -> Iterator[str]:
    letters = (sign if is_letter(sign) else " " for sign in unicodedata.normalize("NFC", name))
    words = "".join(letters).split()
    yield from _whole(name)
    spelled = [list(_spellings(word)) for word in words]
    telling = [word.casefold() not in _PARTICLES for word in words]
    for first in range(len(words)):
        for last in range(first + 1, len(words) + 1):
            if all(telling[first:last]) or last - first == len(words):
                for parts in islice(product(*spelled[first:last]), _MOST_SPELLINGS):
                    yield from _joined(parts)


def _whole(name: str) -> Iterator[str]:
    """The name as it was written, also where it is short: whoever wrote it down wants it found."""
    folded = fold(name).strip(" '")
    if folded:
        yield folded


def _joined(parts: tuple[str, ...]) -> Iterator[str]:
    """Parts one after the other and the last one first, with and without something between them."""
    for order in (parts, (parts[-1], *parts[:-1])):
        for between in ("", " ", "'") if len(parts) > 1 else ("",):
            pattern = between.join(order)
            shortest = SHORTEST_PART - 1 if is_of_spaceless_script(pattern[0]) else SHORTEST_PART
            if len(pattern) >= shortest:
                yield pattern
                yield from _little(pattern)


def _little(name: str) -> Iterator[str]:
    """`Annchen` for Anna."""
    if len(name) >= _LONGER and name.endswith(_VOWELS):
        yield from (f"{name[:-1]}{ending}" for ending in ("chen", "lein"))


def _spellings(word: str) -> Iterator[str]:
    """`muller` and `mueller` for Müller; a short name as it is written alone: `Sue` is no `su`."""
    plain = fold(word)
    yield plain
    options = [_SPELLINGS.get(part, (part,)) for part in _SPELLED.split(word.casefold())]
    for parts in islice(product(*options), _MOST_SPELLINGS):
        spelled = fold("".join(parts))
        if spelled != plain and len(spelled) >= _LONGER:
            yield spelled
