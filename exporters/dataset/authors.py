"""Who made a dataset: a name, and where they are given an ORCID and an affiliation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporters.errors import UnknownOption
from exporters.story.readable import visible_line

_AUTHOR = re.compile(r"(?P<name>[^<>()]+?)\s*(?:<(?P<orcid>[^<>]*)>)?\s*(?:\((?P<affiliation>.+)\))?\s*", re.DOTALL)
_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])/?", re.ASCII)
_FORM = "Family, Given <0000-0002-1825-0097> (University of Bremen) would work; ORCID and affiliation may be left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """One of those who made it. `orcid` is a URL; `family` and `given` are known where the name has a comma."""

    name: str
    orcid: str = ""
    affiliation: str = ""

    @property
    def family(self) -> str:
        """The part before the comma; empty without one: nobody guesses where a family name begins."""
        return self.name.partition(",")[0].strip() if "," in self.name else ""

    @property
    def given(self) -> str:
        """The part behind the comma."""
        return self.name.partition(",")[2].strip()


def read_author(text: str) -> Author:
    """The author in `Name <orcid> (affiliation)`, of which the name alone has to be there.

    Raises `UnknownOption` for no name, and for an ORCID whose last sign does not fit (ISO 7064, mod 11-2).

    >>> read_author("Lovelace, Ada <https://orcid.org/0000-0002-1825-0097> (Bremen)").given
    'Ada'
    >>> read_author("Ada <0000-0002-1825-0098>")
    Traceback (most recent call last):
    exporters.errors.UnknownOption: 0000-0002-1825-0098 is no ORCID: its last sign would be 7. Look it up on orcid.org
    """
    line = visible_line(text)
    found = _AUTHOR.fullmatch(line)
    if not found or not found["name"].strip(" ,"):
        raise UnknownOption(f"{line!r:.80} names no author; {_FORM}")
    return Author(
        name=found["name"].strip(" ,"),
        orcid="" if found["orcid"] is None else _read_orcid(found["orcid"].strip()),
        affiliation=(found["affiliation"] or "").strip(),
    )


def _read_orcid(text: str) -> str:
    found = _ORCID.fullmatch(text)
    if not found:
        raise UnknownOption(f"{text!r:.80} is no ORCID; {_FORM}")
    digits = found[1].upper()
    wanted = _check_digit(digits[:-1].replace("-", ""))
    if digits[-1] != wanted:
        raise UnknownOption(f"{digits} is no ORCID: its last sign would be {wanted}. Look it up on orcid.org")
    return f"https://orcid.org/{digits}"


def _check_digit(digits: str) -> str:
    """The last sign of an ORCID.

    >>> _check_digit("000000021825009"), _check_digit("000000021694233")
    ('7', 'X')
    """
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    result = (12 - total % 11) % 11
    return "X" if result == 10 else str(result)
