"""What may be said of a run in a variable of a code book: its type, its values, and whether it may leave."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from exporters.errors import WrongVariable, listed, suggest
from exporters.privacy.profiles import Profile
from exporters.storage.tables.columns import EXECUTIONS, ITEMS

Value = str | int | float | bool | dt.date
_Words = TypeVar("_Words", bound=StrEnum)

LONGEST_TEXT = 10_000
"""Characters of a note or a text: a cell of a spreadsheet holds three times as many."""
LONGEST_LABEL = 500
LARGEST = 2**53
"""Of whole numbers: beyond it spreadsheets, and statistics that count in floats, keep another one."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}", re.ASCII)
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What no table can hold as a sign (see `formats/csv_table.py`)."""

RESERVED = frozenset(
    {
        *(column.name for column in (*EXECUTIONS, *ITEMS)),
        *("is_test", "is_excluded", "note", "marks", "line", "date", "hops", "languages", "models", "backends"),
        *("prompt", "final_text", "prompt_language", "final_language"),
        *(f"source_{name}" for name in ("execution_id", "session_id", "item_type", "language", "hop")),
    }
)
"""Names of columns that tables and projects have already."""


class VariableType(StrEnum):
    """What the values of a variable are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of a code book. Raises `WrongVariable` for one that cannot be.

    `choices` are the values of a choice, `study` the one whose runs may have it (None: all), and `leaves` the strictest
    profile under which its values may leave: nothing leaves under a stricter one that nobody has declared.

    >>> Variable(name="quality", type="choice")
    Traceback (most recent call last):
    exporters.errors.WrongVariable: quality is a choice without values; --choice low --choice high would work
    """

    name: str
    type: VariableType
    label: str = ""
    choices: tuple[str, ...] = ()
    description: str = ""
    study: str | None = None
    leaves: Profile = field(default=Profile.FULL)

    def __post_init__(self) -> None:
        _check_name(self.name)
        object.__setattr__(self, "type", _member(VariableType, self.type, f"the type of {self.name}"))
        object.__setattr__(self, "leaves", _member(Profile, self.leaves, f"leaves of {self.name}"))
        object.__setattr__(self, "choices", tuple(self.choices))
        _check_texts(self)
        _check_choices(self)

    def may_leave(self, profile: Profile) -> bool:
        """Whether its values may leave under a profile."""
        strictness = list(Profile)
        return strictness.index(profile) <= strictness.index(self.leaves)

    @property
    def meaning(self) -> str:
        """What it means, in a sentence for code books."""
        told = [part for part in (self.label, self.description) if part]
        values = [f"One of: {', '.join(self.choices)}"] if self.choices else []
        return ". ".join([*told, *values]) or self.name


def read_value(variable: Variable, text: str, *, decimal_comma: bool = False) -> Value:
    """What a person means by a text, as a value of the variable. Raises `ValueError` with a sentence.

    >>> read_value(Variable(name="rated_on", type="date"), "23.11.2026")
    datetime.date(2026, 11, 23)
    """
    return _READ[variable.type](variable, text, decimal_comma)


def written(value: Value) -> str:
    """A value as a text that `read_value` reads: `true`, `0.5`, `2026-11-23`.

    >>> written(True), written(dt.date(2026, 11, 23))
    ('true', '2026-11-23')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)


def checked_text(text: str) -> str:
    """A free text that every table can hold as it is. Raises `ValueError`."""
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"a text of {len(text):,} characters; {LONGEST_TEXT:,} at most would work")
    if found := _UNSAFE.search(text):
        raise ValueError(f"it has the character {found[0]!a}, which no table can hold; without it, it would work")
    return text


def read_boolean(text: str) -> bool:
    """Yes or no, as spreadsheets and people write them. Raises `ValueError`."""
    word = text.strip().casefold()
    if word not in _BOOLEANS:
        raise ValueError(f"{text!r:.60} is neither true nor false")
    return _BOOLEANS[word]


_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "1", "wahr", "ja"), True),
    **dict.fromkeys(("false", "no", "0", "falsch", "nein"), False),
}


def _text(_: Variable, text: str, __: bool) -> str:
    return checked_text(text)


def _integer(_: Variable, text: str, __: bool) -> int:
    said = text.strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", said):
        raise ValueError(f"{text!r:.60} is no integer; 42 would work")
    if abs(int(said)) > LARGEST:
        raise ValueError(f"{said} is larger than statistics can count exactly; as a text it would work")
    return int(said)


def _number(_: Variable, text: str, decimal_comma: bool) -> float:
    said = text.strip()
    if decimal_comma and said.count(",") == 1 and "." not in said:
        said = said.replace(",", ".")
    is_number = re.fullmatch(r"[+-]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?", said)
    if not is_number or not math.isfinite(float(said)):
        raise ValueError(f"{text!r:.60} is no number; 0.5 would work")
    return float(said)


def _boolean(_: Variable, text: str, __: bool) -> bool:
    return read_boolean(text)


def _date(_: Variable, text: str, __: bool) -> dt.date:
    said = text.strip()
    try:
        if found := re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", said):
            return dt.date(int(found[3]), int(found[2]), int(found[1]))
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", said):
            return dt.date.fromisoformat(said)
    except ValueError:
        pass
    raise ValueError(f"{text!r:.60} is no date; 2026-11-23 would work")


def _choice(variable: Variable, text: str, _: bool) -> str:
    said = text.strip()
    if said not in variable.choices:
        offer = listed(variable.choices)
        raise ValueError(f"{text!r:.60} is none of its values.{suggest(said, variable.choices)} There are: {offer}")
    return said


_READ: dict[VariableType, Callable[[Variable, str, bool], Value]] = {
    VariableType.TEXT: _text,
    VariableType.INTEGER: _integer,
    VariableType.NUMBER: _number,
    VariableType.BOOLEAN: _boolean,
    VariableType.DATE: _date,
    VariableType.CHOICE: _choice,
}


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise WrongVariable(
            f"{name!r:.80} is no name of a variable; letters, digits and _ would work, 60 at most, a letter first"
        )
    if name.casefold() in RESERVED:
        raise WrongVariable(f"{name} is a column of runs already; my_{name} would work")


def _member(words: type[_Words], said: str, what: str) -> _Words:
    if said not in list(words):
        raise WrongVariable(f"{what} is {said!r:.40}.{suggest(str(said), list(words))} It may be {listed(list(words))}")
    return words(said)


def _check_texts(variable: Variable) -> None:
    texts = {"label": variable.label, "description": variable.description, "study": variable.study or ""}
    for name, text in (*texts.items(), *(("a value", choice) for choice in variable.choices)):
        if len(text) > LONGEST_LABEL or _UNSAFE.search(text):
            raise WrongVariable(
                f"{name} of {variable.name} is too long or has a character that no table can hold; "
                f"{LONGEST_LABEL} printable characters at most would work"
            )


def _check_choices(variable: Variable) -> None:
    name, choices = variable.name, variable.choices
    if variable.type is not VariableType.CHOICE:
        if choices:
            raise WrongVariable(f"{name} is of the type {variable.type} and has values; the type choice would work")
        return
    if not choices:
        raise WrongVariable(f"{name} is a choice without values; --choice low --choice high would work")
    if len(set(choices)) < len(choices):
        raise WrongVariable(f"{name} has a value twice; each once would work")
    for choice in choices:
        if not choice or choice != choice.strip() or "|" in choice or "\n" in choice or "\r" in choice:
            raise WrongVariable(
                f"{choice!r:.60} is no value of {name}; a word without | and spaces around it would work"
            )
