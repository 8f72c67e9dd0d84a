"""How each field of a record leaves: one function for each word that a profile's list may say of it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from exporters.privacy.known_names import BLOCKABLE, FACTS, KEYS, NUMBERS, PARAMETERS
from exporters.privacy.profiles import How
from exporters.privacy.roster import Roster
from exporters.privacy.text_rules import TextRules, in_turn, marker
from exporters.privacy.walk import NOT_KNOWN, NOT_LISTED, Notes, Walk
from otel_tracking.attributes import safe_text
from otel_tracking.audience import AIDS
from otel_tracking.pseudonyms import KINDS, Pseudonyms
from otel_tracking.record import ExecutionRecord
from otel_tracking.view import View

_EXECUTION_ID = re.compile(r"exec_\d{8}_\d{6}_[0-9a-f]{8}", re.ASCII)
_HEX_ID = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}", re.ASCII)
_HEX_IDS: Mapping[str, int] = {"trace_id": 32, "span_id": 16, "parent_span_id": 16, "attempt": 16}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}", re.ASCII)

_SHORTEST_ID, _LONGEST_ID = 4, 200
"""Letters and digits, and signs, of a person's id that is looked for in texts, too."""
_NOBODY = frozenset({"user", "student", "guest", "anonymous", "admin", "default", "unknown", "none", "test", "demo"})


class Ways:
    """The ways out for the fields of one record; what stays is put into `notes`."""

    def __init__(self, record: ExecutionRecord, view: View, pseudonyms: Pseudonyms, rules: TextRules) -> None:
        self._day, self._start = _day_of(record.timestamp), record.timestamp
        self._pseudonyms = pseudonyms
        self.notes = Notes()
        self.clean = in_turn(rules, _rules_for_ids(record))
        self.plain = Walk(self.clean, view.blocks, self.notes)
        self.blocked = Walk(self.clean, lambda text: True, self.notes)
        # A request may hold a part of what was blocked, in any form: where anything was, none of its texts leave.
        self.calls = self.blocked if view.holds_blocked else self.plain
        self._numbers: dict[str, str] = {}

    def fields(self, part: Any, hows: Mapping[str, How], place: str, walk: Walk) -> dict[str, Any]:
        """The fields of a record, item or span that leave by themselves, each as its list says."""
        fields: dict[str, Any] = {}
        for name, how in hows.items():
            value, where = getattr(part, name), f"{place}{name}"
            if how in _WAYS:
                fields[name] = _WAYS[how](self, value, where, walk)
            elif how == How.LEFT_OUT and not _is_nothing(value):
                self.notes.leave_out(where, NOT_LISTED)
        return fields

    def _kept(self, value: Any, where: str, _: Walk) -> Any:
        is_time = where.endswith("timestamp") and isinstance(value, dt.datetime)
        return value if is_time else self.plain.word(value, where)

    def _keys(self, value: Any, where: str, _: Walk) -> tuple[str, ...]:
        return tuple(self.plain.key(str(name), where) for name in value)

    def _id(self, value: Any, where: str, walk: Walk) -> str | None:
        if value is None or (isinstance(value, str) and (_EXECUTION_ID.fullmatch(value) or _HEX_ID.fullmatch(value))):
            return value
        return self._own_id(value, where, walk)

    def _own_id(self, value: Any, where: str, _: Walk) -> str:
        """An id of the same form, that says nothing of it but the day."""
        digest = self._pseudonyms.digest("execution", safe_text(value)).hex()
        length = _HEX_IDS.get(where.rpartition(".")[2])
        return digest[:length] if length else f"exec_{self._day:%Y%m%d}_000000_{digest[:8]}"

    def _numbered(self, value: Any, where: str, _: Walk) -> str | None:
        return value and self._numbers.setdefault(safe_text(value), f"{len(self._numbers) + 1:016x}")

    def _pseudonym(self, value: Any, where: str, _: Walk) -> str | None:
        # The text of a value that shares itself may be longer than any memory.
        if value is not None and not isinstance(value, str | int | float):
            self.notes.leave_out(where, NOT_KNOWN)
            return None
        return self._pseudonyms.of(where, value)

    def _offset(self, value: dt.datetime, where: str, _: Walk) -> dt.datetime:
        try:
            return self._day + (value - self._start)
        except OverflowError:
            return self._day

    def _tree(self, value: Any, where: str, _: Walk) -> Any:
        return self.calls.value(value, where)

    def _links(self, value: Any, where: str, _: Walk) -> tuple[dict[str, Any], ...]:
        links = self.plain.value(tuple(map(dict, value)), where)
        return tuple(link for link in links or () if isinstance(link, dict))

    def _request(self, value: Any, where: str, walk: Walk) -> Any:
        """A request's own URL loses its host and its query, which stands beside it and has known names alone."""
        if isinstance(value, Mapping) and isinstance(value.get("url"), str):
            query = {"query": self._listed(value["query"], KEYS, f"{where}.query")} if "query" in value else {}
            value = {**value, "url": _path_of(value["url"]), **query}
        return self._tree(value, where, walk)

    def _facts(self, value: Any, where: str, walk: Walk) -> Any:
        return self._tree(self._listed(value, FACTS, where), where, walk) or None

    def _parameters(self, value: Any, where: str, walk: Walk) -> dict[str, Any]:
        kept = self._listed(value, PARAMETERS, where)
        texts = {name: part for name, part in kept.items() if name in BLOCKABLE}
        labels = {name: part for name, part in kept.items() if name not in BLOCKABLE}
        return {**(self.plain.value(labels, where) or {}), **(walk.value(texts, where) or {})}

    def _only_numbers(self, value: Any, where: str, _: Walk) -> dict[str, Any]:
        kept = self._listed(value, NUMBERS.union(AIDS), where)
        fit = {name: part for name, part in kept.items() if _is_number(part) or (name in AIDS and _is_language(part))}
        if len(fit) < len(kept):
            self.notes.leave_out(where, NOT_LISTED, len(kept) - len(fit))
        return self.plain.value(fit, where) or {}

    def _listed(self, value: Any, names: frozenset[str], where: str) -> dict[str, Any]:
        """The parts of a mapping that have one of these names."""
        if not isinstance(value, Mapping):
            if not _is_nothing(value):
                self.notes.leave_out(where, NOT_LISTED)
            return {}
        kept = {name: part for name, part in value.items() if type(name) is str and name in names}
        if len(kept) < len(value):
            self.notes.leave_out(where, NOT_LISTED, len(value) - len(kept))
        return kept


_WAYS: Mapping[How, Callable[[Ways, Any, str, Walk], Any]] = {
    How.KEPT: Ways._kept,
    How.TEXT: lambda ways, value, where, walk: walk.value(value, where),
    How.LABEL: lambda ways, value, where, walk: ways.plain.value(value, where),
    How.KEYS: Ways._keys,
    How.ID: Ways._id,
    How.OWN_ID: Ways._own_id,
    How.NUMBERED: Ways._numbered,
    How.PSEUDONYM: Ways._pseudonym,
    How.DAY: lambda ways, value, where, walk: _day_of(value),
    How.OFFSET: Ways._offset,
    How.PARAMETERS: Ways._parameters,
    How.NUMBERS: Ways._only_numbers,
    How.TREE: Ways._tree,
    How.LINKS: Ways._links,
    How.REQUEST: Ways._request,
    How.FACTS: Ways._facts,
}
"""Items, spans and media are not among them: `deidentify` makes these part by part."""


def _rules_for_ids(record: ExecutionRecord) -> TextRules:
    """What finds this run's own ids of persons and devices in its texts."""
    ids = (getattr(record, name) for name in KINDS)
    telling = [one for one in ids if isinstance(one, str) and _is_telling(one)]
    return TextRules([Roster(telling, parts=False)] if telling else [])


def _is_telling(one: str) -> bool:
    is_one = len(one) <= _LONGEST_ID and sum(map(str.isalnum, one)) >= _SHORTEST_ID
    return is_one and one.casefold() not in _NOBODY


def _day_of(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return marker("url")


def _is_nothing(value: Any) -> bool:
    return value is None or (type(value) in (str, tuple, dict, list) and not value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float, bool)


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None
