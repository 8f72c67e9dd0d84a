"""An event of a finished span: an item or a fact, read when somebody asks what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.secrets.frozen import Cleaned, usual_redactor
from otel_tracking.values.kinds import NotWritten
from otel_tracking.values.rebuild import read_all_plain, read_plain

_NOTHING: Mapping[str, Any] = {}
MOST = 2**63 - 1
"""The greatest number of an item, and the latest of its moments."""


class FinishedEvent:
    """An item or a fact: its fields by name, and its media bytes where they are at hand.

    `is_plain` says that JSON can say the fields as they are; where nobody has seen that, it is False. `number` is that
    of an item, None of a fact.
    """

    __slots__ = ("_fields", "_is_plain", "_payload", "media", "number")

    def __init__(self, fields: Mapping[str, Any], media: bytes | None = None, is_plain: bool = False) -> None:
        self._fields: Mapping[str, Any] | None = fields
        self._payload: str | None = None
        self._is_plain, self.media = is_plain, media
        self.number: int | None = None if "fact" in fields else fields["sequence_number"]

    @classmethod
    def unread(cls, payload: str, number: int | None) -> Self:
        """The event whose canonical text this is, and which was seen to be ours: only its number is known."""
        event = cls.__new__(cls)
        event._payload, event._fields, event.media, event.number = payload, None, None, number
        return event

    @classmethod
    def of_text(cls, payload: str, fields: Mapping[str, Any], *, is_plain: bool) -> Self:
        """The event of a canonical text that was read."""
        event = cls(fields, None, is_plain)
        event._payload = payload
        return event

    @property
    def fields(self) -> Mapping[str, Any]:
        """What it says; nothing where its text turns out to be none that can be read."""
        return self._read() if self._fields is None else self._fields

    @property
    def is_plain(self) -> bool:
        """Whether JSON can say the fields as they are."""
        if self._fields is None:
            self._read()
        return self._is_plain

    @property
    def is_item(self) -> bool:
        """Whether it is an item; a fact otherwise."""
        return self.number is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FinishedEvent) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]  # nor have its fields one

    def __repr__(self) -> str:
        return f"FinishedEvent(fields={self.fields!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # By its text, which is quick, and as deep as its writer liked.
        if parts := self.unread_parts:
            return FinishedEvent.unread, parts
        return FinishedEvent, (self._fields, self.media, self._is_plain)

    @property
    def unread_parts(self) -> tuple[str, int | None] | None:
        """What `unread` makes it of again; None where it has no text of its own."""
        return None if self._payload is None else (self._payload, self.number)

    def _read(self) -> Mapping[str, Any]:
        self._fields, self._is_plain = _fields_of(self._payload or "")
        return self._fields


def read_together(events: Sequence[FinishedEvent]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """What each of them says, and whether JSON can say it as it is.

    What is as we write it is read some at a time, in half the steps that each alone takes. Nothing of it stays with
    those that nobody had read: spans that are kept for others that may come late are kept as their texts.
    """
    for start in range(0, len(events), _TOGETHER):
        some = events[start : start + _TOGETHER]
        try:
            values = iter(read_all_plain([event._payload or "" for event in some if event._fields is None]))
        except (NotWritten, RecursionError):
            yield from (_told_by(event) for event in some)
        else:
            yield from (_checked(next(values), True) if event._fields is None else _told_by(event) for event in some)


def _told_by(event: FinishedEvent) -> tuple[Mapping[str, Any], bool]:
    return _fields_of(event._payload or "") if event._fields is None else (event._fields, event._is_plain)


def _fields_of(payload: str) -> tuple[Mapping[str, Any], bool]:
    try:
        return _checked(*_values_of(payload))
    except (ValueError, RecursionError):
        return _NOTHING, False


def _checked(fields: Any, is_plain: bool) -> tuple[Mapping[str, Any], bool]:
    return (fields, is_plain) if _is_ours(fields) else (_NOTHING, False)


_TOGETHER = 128


def event_of_attributes(attributes: Mapping[str, Any]) -> FinishedEvent | None:
    """The event that span event attributes hold; None where they are not ours."""
    payload = attributes.get(names.PAYLOAD)
    return event_of_payload(payload) if isinstance(payload, str) else None


def event_of_payload(payload: str, *, may_hold_secret: bool = True) -> FinishedEvent | None:
    """The event whose canonical text this is; None where it is none of ours.

    Without `may_hold_secret` it is not searched: whoever says so has searched what it came in.
    """
    try:
        fields, is_plain = _values_of(payload)
        if may_hold_secret:
            fields, removed = _without_secrets(fields, payload)
            is_plain, payload = (False, canonical.dumps(fields)) if removed else (is_plain, payload)
    except (ValueError, RecursionError):
        return None
    return FinishedEvent.of_text(payload, fields, is_plain=is_plain) if _is_ours(fields) else None


def _values_of(payload: str) -> tuple[Any, bool]:
    """What a text says, and whether JSON can say it as it is. Raises `ValueError` or `RecursionError`."""
    try:
        return read_plain(payload), True
    except NotWritten:
        return canonical.loads(payload), False


def _without_secrets(fields: Any, payload: str) -> Cleaned:
    """What a canonical text says without secrets: who wrote it may have looked for none."""
    redactor = usual_redactor()
    may_hold_one = redactor.may_hold_secret(payload.encode("utf-8", "surrogatepass"))
    return redactor.clean(fields) if may_hold_one else Cleaned(fields, [])


def _is_ours(fields: Any) -> bool:
    if type(fields) is not dict:
        return False
    if "fact" in fields:
        return type(fields["fact"]) is str
    said = fields.get
    number, time = said("sequence_number"), said("timestamp_ns")
    if not (type(number) is type(time) is int and 0 <= number <= MOST and 0 <= time <= MOST):
        return False
    return type(said("item_type")) is type(said("media_type")) is str
