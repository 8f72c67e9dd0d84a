"""Freeze no secret: look at what was frozen, and where it may hold one, freeze it again without.

One search costs 0.2 µs for a typical item, and only a payload in which it finds something is taken apart. So names and
shapes count in everything that is logged: `configured`, metadata, texts, exceptions, whatever is handed over as passed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from otel_tracking.frame import FACT, FACT_FIELDS, ITEM_FIELDS, freeze, is_plainly_frozen, thaw_own, thaw_plain
from otel_tracking.secrets.media import clean_media
from otel_tracking.secrets.redaction import DEFAULT_POLICY, Redaction, RedactionPolicy
from otel_tracking.secrets.rules import rules_of
from otel_tracking.secrets.shapes import version_of_rules
from otel_tracking.secrets.values import clean_values

_OF_RECORDS = frozenset({"session_id", "session.id", "devserver.session_id", "devserver.metadata.session_id"})
"""Names that are secrets on the wire, and fields of a record: a sitting, under a name that its pipeline gave it."""

_SEQUENCE_NUMBER = ITEM_FIELDS.index("sequence_number")


class Cleaned(NamedTuple):
    """Values without secrets, and where some were removed: `item 7: metadata.api_key`."""

    values: Any
    removed: list[str]


class Redactor:
    """Takes secrets out of what is recorded, by a policy; one serves all runs of a tracker. `count` says how many.

    `search` finds something in a payload that may hold one, and costs a pipeline little; `late_search` knows the rest.

    >>> Redactor().clean({"steps": 25, "api_key": "0123456789"})
    Cleaned(values={'steps': 25, 'api_key': '[removed: api_key]'}, removed=['api_key'])
    """

    def __init__(self, policy: RedactionPolicy = DEFAULT_POLICY) -> None:
        self.on_the_wire = policy
        self.policy = replace(policy, allowed=policy.allowed | _OF_RECORDS)
        self._rules = rules_of(self.policy)
        self.version = version_of_rules()
        self.count = 0
        search = self._rules.search
        self.search = _always if self._rules.looks_at_everything else search.at_once
        self.late_search = search.late

    def payload(self, payload: bytes, *, late: bool = False) -> tuple[bytes, list[str]]:
        """The bytes that this process froze without secrets, and where some were; the same bytes where none were.

        What cannot be looked at raises, and is not recorded.
        """
        rules = self._rules
        if not (rules.looks_at_everything or rules.search.is_suspicious(payload, rules.names, late=late)):
            return payload, []
        kind, span_id, *entries = thaw_own(payload)
        fields: tuple[str, ...] = ITEM_FIELDS
        about = ""
        if kind == FACT:
            fields, entries = FACT_FIELDS, [entries[0], {entries[0]: entries[1]}]
        else:
            about = f"item {entries[_SEQUENCE_NUMBER]}: "
        redaction = Redaction(self.policy)
        kept = [clean_values(value, redaction, (name, None)) for name, value in zip(fields, entries, strict=True)]
        if not redaction.removed:
            return payload, []
        if kind == FACT:  # name and value were looked at as one entry of a dict: the name may be that of a secret
            [kept] = map(list, kept[1].items())
        self.count += len(redaction.removed)
        return freeze((kind, span_id, *kept)), [about + place.removeprefix("value.") for place in redaction.removed]

    def is_suspicious(self, data: bytes, *, late: bool = True) -> bool:
        """Whether something in bytes that hold texts is more than a word of prose or a harmless parameter."""
        return self._rules.looks_at_everything or self._rules.search.is_suspicious(data, self._rules.names, late=late)

    def is_name_of_secret(self, name: str) -> bool:
        """Whether what is called so is a secret."""
        return self._rules.names.is_secret(name)

    def may_hold_secret(self, text: bytes) -> bool:
        """Whether it is worth looking closer at a text, which may be JSON with JSON in it."""
        return self.is_worth_a_look(text) and self.is_suspicious(text.replace(b"\\", b""))

    def is_worth_a_look(self, texts: bytes) -> bool:
        """The same of many texts in a row, by their letters alone: it sees in all what it would see in one of them."""
        plain = texts.replace(b"\\", b"")
        return bool(self.search(plain) or self.late_search(plain))

    def clean(self, value: Any) -> Cleaned:
        """A value that nobody else holds without secrets, and where some were."""
        redaction = Redaction(self.policy)
        values = clean_values(value, redaction, None)
        self.count += len(redaction.removed)
        return Cleaned(values, redaction.removed)

    def text(self, text: str) -> str:
        """A text without secrets."""
        cleaned = Redaction(self.policy).text(text)
        self.count += cleaned != text
        return cleaned

    def words_of(self, error: str) -> str:
        """What an exception says, with its stack or without, as a text without secrets."""
        return Redaction(self.policy).text(error, labelled=True)

    def media(self, content: bytes) -> bytes:
        """A media file without the secrets in its words; the same object where there are none."""
        cleaned = clean_media(content, self.policy)
        self.count += cleaned is not content
        return cleaned

    def span(self, name: str, attributes: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """The name and the attributes of a span without secrets; one look at both says that there are none."""
        if not self.may_hold_secret(f"{name} {attributes}".encode("utf-8", "surrogatepass")):
            return name, attributes
        return self.text(name), self.attributes(attributes)

    def attributes(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Attributes of a span or link without secrets; the same object where there are none."""
        if not attributes or not self.may_hold_secret(repr(attributes).encode("utf-8", "surrogatepass")):
            return attributes
        return dict(self.clean({**attributes}).values)


@functools.cache
def usual_redactor() -> Redactor:
    """What takes secrets out of what others recorded: the default policy."""
    return Redactor()


@functools.cache
def _late_redactor() -> Redactor:
    return Redactor(RedactionPolicy(by_name=False))


def thaw_all(payloads: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
    """The values of payloads that this process froze itself, each without the secrets of rarer shapes."""
    for start in range(0, len(payloads), _TOGETHER):
        some = payloads[start : start + _TOGETHER]
        # One look at many of them: what is in none of them together is in none.
        together = b"".join(some)
        clean = map(looked_over, some) if _late_redactor().late_search(together) else some
        yield from map(thaw_plain if is_plainly_frozen(together) else _thaw, clean)


_TOGETHER = 128


def _thaw(payload: bytes) -> tuple[Any, ...]:
    return thaw_plain(payload) if is_plainly_frozen(payload) else thaw_own(payload)


def looked_over(payload: bytes) -> bytes:
    """A payload without the secrets of rarer shapes. Whoever reads it has the time that the pipeline's thread has not:
    one search compares so many literals at once and no more.
    """
    redactor = _late_redactor()
    return redactor.payload(payload, late=True)[0] if redactor.late_search(payload) else payload


def _always(payload: bytes | memoryview) -> object:
    return True
