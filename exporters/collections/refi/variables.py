"""Variables of cases and of sources, and their values.

A source has variables of its own names: there are programs that give a variable either to cases or to sources, and
that lose which sources belong to a case. So the run's id is on every source, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from exporters.collections.facts import FACTS, facts_said_of
from exporters.collections.refi.elements import described, element, variable_value
from exporters.collections.refi.guids import guid
from otel_tracking.record import ExecutionRecord

OF_SOURCES = {
    "source_execution_id": ("text", "Id of the run that the source belongs to"),
    "source_session_id": ("text", "Session or class that the source belongs to"),
    "source_item_type": ("text", "What the source is: journey, session, or the type of an item"),
    "source_language": ("text", "Language of a text, where it has one only"),
    "source_hop": ("int", "Hop that a text came of, counted from 1"),
}
"""Kind and meaning of each variable of a source."""

_OF_CASES = {fact.name: (fact.kind, fact.meaning) for fact in FACTS}
_TYPES = {
    **{"text": "Text", "int": "Integer", "float": "Float"},
    **{"bool": "Boolean", "date": "Date", "time": "DateTime"},
}

Known = Mapping[str, tuple[str, str]]
"""Kind and meaning of variables, by name."""


def said_of(record: ExecutionRecord) -> Known:
    """The variables in which something may have been said of a run since."""
    return {fact.name: (fact.kind, fact.meaning) for fact in facts_said_of(record)}


def variables(said: Known) -> Element:
    """All variables, those of the code book last."""
    found = {**_OF_CASES, **OF_SOURCES, **said}.items()
    return element("Variables", [_variable(name, *one) for name, one in found])


def case_values(facts: Mapping[str, Any], said: Known) -> list[Element]:
    """The values of a case; one that is missing has none."""
    return _values({**_OF_CASES, **said}, facts.items())


def source_values(**said: Any) -> list[Element]:
    """The values of a source, by the names of its variables without what all of them begin with."""
    return _values(OF_SOURCES, ((f"source_{name}", value) for name, value in said.items()))


def _values(known: Known, said: Iterable[tuple[str, Any]]) -> list[Element]:
    return [
        made
        for name, value in said
        if value is not None
        for made in variable_value(guid("variable", name), known[name][0], value)
    ]


def _variable(name: str, kind: str, meaning: str) -> Element:
    return element("Variable", described(meaning), guid=guid("variable", name), name=name, typeOfVariable=_TYPES[kind])
