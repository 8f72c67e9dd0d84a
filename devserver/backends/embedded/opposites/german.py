"""German opposites in their forms, and words that agree with a turned noun: ein alter Mann, eine junge Frau."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from devserver.backends.embedded.opposites.lists import both_ways, read_everyday

NEGATIONS = frozenset(("nicht", "nie", "niemals", "nichts", "niemand"))
CASES = ("nom", "acc", "dat", "gen")
_ENDINGS = ("", "e", "er", "es", "en", "em")
_VERB_ENDINGS = ("en", "e", "st", "t", "te", "ten", "end")
# After these a "die" or "das" is no subject.
_WITH_ACCUSATIVE = {*("in", "an", "auf", "über", "unter", "vor", "hinter", "neben", "zwischen"),
                    *("durch", "für", "gegen", "ohne", "um")}  # fmt: skip
_NO_ADJECTIVES = {*("ohne", "unter", "über", "hinter", "oder", "aber", "immer", "wenn", "hier", "mehr", "sehr"),
                  *("seine", "ihre", "meine", "deine")}  # fmt: skip
# Determiners by gender (m, f, n, p for plural), the cases in the order of CASES.
_DER = {"m": "der den dem des", "f": "die die der der", "n": "das das dem des", "p": "die die den der"}
_EIN = {"m": "- en em es", "f": "e e er er", "n": "- - em es", "p": "e e en er"}
_DIESER = {"m": "er en em es", "f": "e e er er", "n": "es es em es", "p": "e e en er"}
_FUSED = {"im": "in dem", "am": "an dem", "vom": "von dem", "zum": "zu dem", "beim": "bei dem", "zur": "zu der",
          "ins": "in das", "ans": "an das"}  # fmt: skip
_EIN_WORDS = re.compile(r"(ein|kein|mein|dein|sein|ihr|unser|euer|eur)(e|en|em|er|es|)")
_DIESER_WORDS = re.compile(r"(dies|jed|jen|welch|manch)(e|en|em|er|es)")
_UNCHANGING = {"rosa", "lila", "orange"}
_BEFORE_ENDINGS = {"dunkel": "dunkl", "sauer": "saur", "hoch": "hoh"}
# Endings of adjectives: after der, after ein, after nothing.
_ADJECTIVES = {
    "der": {"m": "e en en en", "f": "e e en en", "n": "e e en en", "p": "en en en en"},
    "ein": {"m": "er en en en", "f": "e e en en", "n": "es es en en", "p": "en en en en"},
    "": {"m": "er en em en", "f": "e e er er", "n": "es es em en", "p": "e e en er"},
}


class Noun(NamedTuple):
    """A noun with its gender (m, f, n) and its plural; empty where it has none."""

    singular: str
    gender: str
    plural: str


class Found(NamedTuple):
    """A form of a noun: the gender it shows (p in the plural), the case where the form tells it, the opposite."""

    gender: str
    case: str | None
    opposite: Noun


@cache
def forms() -> dict[str, str]:
    """The opposite of every form of every listed word that is no noun.

    >>> forms()["alten"], forms()["lacht"]
    ('jungen', 'weint')
    """
    everyday = read_everyday("de")
    turned = dict(both_ways([*everyday["others"], *everyday["verb_forms"]]))
    for word, opposite in both_ways(everyday["adjectives"]):
        for ending in _ENDINGS:
            turned.setdefault(_inflected(word, ending), _inflected(opposite, ending))
    for word, opposite in both_ways(everyday["verbs"]):
        for ending in _VERB_ENDINGS:
            turned.setdefault(_conjugated(word, ending), _conjugated(opposite, ending))
    return turned


@cache
def nouns() -> dict[str, Found]:
    """Every form of every listed noun, with its opposite."""
    turned: dict[str, Found] = {}
    for entry, other in both_ways(read_everyday("de")["nouns"], ", "):
        noun, opposite = _noun(entry), _noun(other)
        for form, found in _noun_forms(noun, opposite):
            turned.setdefault(form, found)
    return turned


def turn_noun(before: list[str], noun: str) -> tuple[list[str], str] | None:
    """The words before a noun and the noun, turned; None where it is not listed.

    >>> turn_noun(["Am", "hellen"], "Tag")
    (['In der', 'hellen'], 'Nacht')
    """
    found = nouns().get(noun)
    if found is None:
        return None
    place, case, kind = _determiner(before, found)
    gender = "p" if found.gender == "p" and found.opposite.plural else found.opposite.gender
    changed = list(before)
    if place is not None:
        changed[place] = _agree(before[place], gender, case)
        _mind_the_time(changed, place, found.opposite.singular)
    for number in range(len(before) - 1, -1 if place is None else place, -1):
        if not _is_adjective(before[number]):
            break
        changed[number] = re.sub(r"(e|er|es|en|em)$", _row(_ADJECTIVES[kind][gender])[case], before[number])
    return changed, _form(found.opposite, gender, case)


def negate_article(word: str) -> str | None:
    """`kein` for `ein`, in the same form; None for any other word.

    >>> negate_article("Eine")
    'Keine'
    """
    match = re.fullmatch(r"(e)in(e|en|em|er|es|)", word, re.IGNORECASE)
    return ("K" if word[0] == "E" else "k") + "ein" + match[2] if match else None


def _determiner(before: list[str], found: Found) -> tuple[int | None, str, str]:
    """Where the determiner stands, the case that it shows, and of which kind it is (der, ein or none)."""
    for place in range(len(before) - 1, max(-1, len(before) - 4), -1):
        word = before[place].lower()
        cases, kind = _cases(word, found.gender)
        if cases:
            after_accusative = place > 0 and before[place - 1].lower() in _WITH_ACCUSATIVE
            case = found.case if found.case in cases else "acc" if after_accusative and "acc" in cases else cases[0]
            return place, case, kind
        if not _is_adjective(word):
            break
    return None, found.case or "nom", ""


def _cases(word: str, gender: str) -> tuple[list[str], str]:
    """The cases that a determiner can stand for before a noun of a gender, and its kind."""
    if word in _FUSED:
        return _cases(_FUSED[word].split()[1], gender)
    if match := _EIN_WORDS.fullmatch(word):
        return [case for case, ending in _row(_EIN[gender]).items() if ending == match[2]], "ein"
    if match := _DIESER_WORDS.fullmatch(word):
        return [case for case, ending in _row(_DIESER[gender]).items() if ending == match[2]], "der"
    return [case for case, form in _row(_DER[gender]).items() if form == word], "der"


def _agree(determiner: str, gender: str, case: str) -> str:
    """The determiner as a noun of that gender wants it in that case."""
    word = determiner.lower()
    if word in _FUSED:
        preposition, _ = _FUSED[word].split()
        apart = f"{preposition} {_row(_DER[gender])[case]}"
        turned = next((fused for fused, parts in _FUSED.items() if parts == apart), apart)
    elif match := _EIN_WORDS.fullmatch(word):
        turned = match[1] + _row(_EIN[gender])[case]
    elif match := _DIESER_WORDS.fullmatch(word):
        turned = match[1] + _row(_DIESER[gender])[case]
    else:
        turned = _row(_DER[gender])[case]
    return turned[0].upper() + turned[1:] if determiner[0].isupper() else turned


def _mind_the_time(words: list[str], place: int, noun: str) -> None:
    """It is "am Tag", but "in der Nacht": see to the preposition."""
    if noun == "Nacht":
        words[place] = words[place].replace("an der", "in der").replace("An der", "In der")
    elif noun == "Tag" and place and words[place].lower() == "dem" and words[place - 1].lower() == "in":
        words[place - 1] = "An" if words[place - 1][0] == "I" else "an"


def _row(endings: str) -> dict[str, str]:
    return {case: ending.strip("-") for case, ending in zip(CASES, endings.split(), strict=True)}


def _is_adjective(word: str) -> bool:
    return word[:1].islower() and word.endswith(("e", "er", "es", "en", "em")) and word not in _NO_ADJECTIVES


def _noun(entry: str) -> Noun:
    singular, gender, plural = entry.split()
    return Noun(singular, gender, plural.strip("-"))


def _noun_forms(noun: Noun, opposite: Noun) -> Iterator[tuple[str, Found]]:
    yield noun.singular, Found(noun.gender, None, opposite)
    if noun.plural and noun.plural != noun.singular:
        yield noun.plural, Found("p", None, opposite)
    if noun.gender != "f":
        for ending in ("s", "es"):
            yield noun.singular + ending, Found(noun.gender, "gen", opposite)
    if noun.plural and noun.plural[-1] not in "ns":
        yield noun.plural + "n", Found("p", "dat", opposite)


def _form(noun: Noun, gender: str, case: str) -> str:
    if gender == "p":
        return noun.plural + ("n" if case == "dat" and noun.plural[-1] not in "ns" else "")
    if case == "gen" and gender != "f" and noun.plural != noun.singular + "en":
        return noun.singular + ("es" if re.search(r"(s|ß|z|x|[^e]d)$", noun.singular) else "s")
    return noun.singular


def _inflected(adjective: str, ending: str) -> str:
    if not ending or adjective in _UNCHANGING:
        return adjective
    return _BEFORE_ENDINGS.get(adjective, adjective.removesuffix("e")) + ending


def _conjugated(infinitive: str, ending: str) -> str:
    stem = infinitive.removesuffix("n").removesuffix("e")
    joint = "e" if stem[-1] in "td" and ending[0] in "st" else ""
    if ending == "st" and stem[-1] in "sßz":
        ending = "t"
    return stem + joint + ending
