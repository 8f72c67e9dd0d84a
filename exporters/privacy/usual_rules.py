"""The rules that come along: e-mail addresses, web addresses, telephone numbers, postal addresses, packed data.

None of them knows a name. `docs/privacy.md` says what each finds, and what it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exporters.privacy.roster import Roster
from exporters.privacy.text_rules import Hit, TextRule, TextRules
from otel_tracking.extras import Extra

REGIONS = ("DE", "AT", "CH", "GB", "US", "TR", "FR", "NL")
"""Where telephone numbers without a country's prefix may be from. Where they have nine digits and no 0 before them, as
in Poland or Spain, every seed would be one."""


def usual_rules(
    roster: Roster | None = None, *, regions: Iterable[str] = REGIONS, more: Iterable[TextRule] = ()
) -> TextRules:
    """All rules that come along, with the names of a roster and rules of one's own. Raises `MissingExtra`.

    >>> usual_rules(Roster(["Anna"])).clean("Anna, anna@schule.de, 0421 1234567").text
    '[name], [e-mail], [phone]'
    """
    return TextRules([*([roster] if roster else []), E_MAIL, WEB, DATA, POSTAL, PhoneRule(regions), *more])


@dataclass(frozen=True, slots=True)
class PatternRule:
    """Finds what has one of these forms. `telling` are signs without one of which there is none."""

    name: str
    version: str
    kind: str
    patterns: tuple[re.Pattern[str], ...]
    telling: re.Pattern[str]

    def __call__(self, text: str) -> Iterator[Hit]:
        """What has such a form."""
        if self.telling.search(text):
            for pattern in self.patterns:
                yield from (Hit(found.start(), found.end(), self.kind) for found in pattern.finditer(text))


class PhoneRule:
    """Finds telephone numbers that somebody can have, in international form or in that of one of the regions."""

    name, _telling = "phone", re.compile(r"\d(?:\D{0,4}\d){6}")
    # Answers of model servers say when they were made.
    _moment = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?")

    def __init__(self, regions: Iterable[str] = REGIONS) -> None:
        with Extra("privacy"):
            import phonenumbers
        self.version, self._regions = f"phonenumbers-{phonenumbers.__version__}", tuple(regions)
        unknown = sorted(set(self._regions) - set(phonenumbers.SUPPORTED_REGIONS))
        if unknown:
            raise ValueError(f"no telephone numbers are known of {', '.join(unknown)}; a region is DE, AT, GB …")

    def __call__(self, text: str) -> Iterator[Hit]:
        """Each number, as each region writes it."""
        if not self._telling.search(text) or self._moment.fullmatch(text):
            return
        from phonenumbers import Leniency, PhoneNumberMatcher

        for region in self._regions:
            for found in PhoneNumberMatcher(text, region, Leniency.VALID):
                yield Hit(found.start, found.end, "phone")


E_MAIL = PatternRule(
    *("e-mail", "1", "e-mail"),
    (re.compile(r"[\w.+%-]{1,64}\s?(?:@|＠|[(\[{]\s?(?:at|ät)\s?[)\]}])\s?[\w-]+(?:\.[\w-]+)*", re.IGNORECASE),),
    telling=re.compile(r"[@＠(\[{]"),
)

_TLDS = (
    "com|org|net|info|edu|gov|mil|int|biz|eu|de|at|ch|li|lu|uk|tr|fr|nl|pl|dk|se|fi|gr|cz|hu|ro|bg|hr|rs|ua|ru|jp|cn|kr"
    "|in|ca|au|nz|br|mx|ie|pt|io|ai|app|dev|cloud|online|site|shop|school|schule|berlin|hamburg|koeln|wien|tv|xyz|blog"
)
_LABELS = r"(?<![\w@.-])(?:[a-z0-9äöüß](?:[a-z0-9äöüß-]{0,61}[a-z0-9äöüß])?\.){1,8}"
_PATH = r"(?![\w-])(?::\d{2,5})?(?:[/?#][^\s<>\"']*)?"
WEB = PatternRule(
    *("web", "1", "url"),
    (
        re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>\"']+", re.IGNORECASE),
        re.compile(r"\bwww\.[^\s<>\"']+", re.IGNORECASE),
        # A sentence may begin right after the one before: `Blume.De` is none.
        re.compile(rf"{_LABELS}(?-i:{_TLDS}|{_TLDS.upper()}){_PATH}", re.IGNORECASE),
        # Endings that are words: only with a path, or after two dots.
        re.compile(rf"{_LABELS}(?-i:it|es|is|be|me|am|so|to|us|no|co|cc|fm|gg){_PATH[:-1]}", re.IGNORECASE),
    ),
    telling=re.compile(r"://|\.\w"),
)

DATA = PatternRule(
    *("data", "1", "data"),
    (
        re.compile(r"data:[\w/+.;=-]{0,100},[^\s\"']*", re.IGNORECASE),
        re.compile(r"[A-Za-z0-9+/_-]{200,}={0,2}"),
        re.compile(r"(?:[A-Za-z0-9+/]{60,}={0,2}\s+){2,}[A-Za-z0-9+/=]+"),
    ),
    telling=re.compile(r"data:|[A-Za-z0-9+/_-]{60}", re.IGNORECASE),
)

_TOWN = r"[A-ZÄÖÜ][a-zäöüß]+(?:[ -](?:am|an der|im|bei|ob der|in der|a\. ?[A-Z]\.)?[ -]?[A-ZÄÖÜ][a-zäöüß]+)?"
_NO_STREET = (
    r"(?!(?:spiel|park|sport|fußball|arbeits|sitz)platz|(?:bauern|schul|fried|bahn|innen)hof|(?:heim|schul|um|feld)weg)"
)
_STREET_ENDS = r"straße|strasse|str\.|gasse|allee|platz|weg|ring|damm|ufer|chaussee|promenade|steig|hof|markt"
POSTAL = PatternRule(
    *("postal", "1", "address"),
    (
        re.compile(
            rf"\b{_NO_STREET}[\w-]{{0,40}}?[\w-]\s?(?:{_STREET_ENDS})\s{{0,2}}(?:nr\.?\s?)?\d{{1,4}}(?!\d)(?:\s?[a-h]\b)?",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b\d{1,5}[a-z]?,?\s+(?:[A-Z][\w'-]+\s+){1,3}"
            r"(?:Street|St\.?|Road|Rd\.?|Avenue|Ave\.?|Lane|Ln\.?|Drive|Dr\.|Close|Court|Crescent|Square|Terrace|Boulevard|Blvd\.?"
            r"|Way)(?!\w)"
        ),
        re.compile(
            r"\b[\w-]+\s(?:cad\.|caddesi|sok\.|sokak|sokağı|bulvarı|mah\.|mahallesi)\s?(?:no)?\s?[:.]?\s?\d{1,4}", re.I
        ),
        re.compile(rf"\b(?:[A-ZÄÖÜ][\wß.-]*\s+){{1,4}}\d{{1,4}}\s?[a-h]?\s?,\s*(?:[A-Z]{{1,2}}-)?\d{{4,5}}\s+{_TOWN}"),
        re.compile(rf"(?<![\w.,-])(?!\d\d000|99999)(?:[A-Z]{{1,2}}-)?\d{{5}}\s+{_TOWN}"),
        re.compile(rf"(?<!\w)(?:A|AT|CH|L|LI|B|NL)-\d{{4}}\s+{_TOWN}"),
        re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"),
        re.compile(r"\b[A-Z]{2}\s\d{5}(?:-\d{4})?\b"),
    ),
    telling=re.compile(r"\d"),
)
