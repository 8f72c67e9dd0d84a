"""What was logged of a run, as it comes: events of spans go in, rows and facts come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.sdk.trace import Event

from collectors.building.rows import ROW, Fact, Row, row_of_fields, row_of_values, settled_facts, settled_rows
from collectors.spans.event import FinishedEvent, event_of_attributes, read_together
from otel_tracking.frame import ITEM, ITEM_FIELDS, MediaBytes
from otel_tracking.run import EXECUTION_FACT
from otel_tracking.secrets.frozen import thaw_all
from otel_tracking.span_event import Frame, describe_media
from otel_tracking.taxonomy import ItemType

_NUMBER, _TYPE, _METADATA = map(ROW.index, ("sequence_number", "item_type", "metadata"))
_MEDIA = ITEM_FIELDS.index("media")

SomeEvent = FinishedEvent | Frame | Event
"""An event of a span: read already, frozen, or anybody's."""


class SaidOfRun(NamedTuple):
    """What is said of the run itself, by its first item or by a fact of its root."""

    span_id: int
    fields: Any
    lossy: int


class WhatWasLogged(NamedTuple):
    """Items and facts in the order in which they came. `is_plain` says that JSON can say their values as they are."""

    rows: list[Row]
    facts: list[Fact]
    said: list[SaidOfRun]
    is_plain: bool


class LogSoFar:
    """Takes events in and gives them as rows. `attachments` are the media that came with them, by sha256.

    `sources`, where somebody wants to read them again, is given the event of each row.
    """

    def __init__(self, sources: list[SomeEvent] | None = None) -> None:
        self.attachments: dict[str, bytes] = {}
        self._sources = sources
        self._new: list[tuple[int, Sequence[SomeEvent]]] = []
        self._begin()

    def add(self, span_id: int, events: Sequence[SomeEvent]) -> None:
        """Events of a span, in order."""
        self._new.append((span_id, events))

    def take(self) -> WhatWasLogged:
        """What came since the last time."""
        self._begin()
        all_new = [event for _, events in self._new for event in events]
        values = thaw_all([event.payload for event in all_new if isinstance(event, Frame)])
        said_by = read_together([event for event in all_new if isinstance(event, FinishedEvent)])
        for span_id, events in self._new:
            self._read(span_id, events, values, said_by)
        looks = not self._are_plain
        (rows, is_plain), (facts, are_plain) = (
            settled_rows(self._rows, looks=looks),
            settled_facts(self._facts, looks=looks),
        )
        said = [_said(span_id, (rows if is_item else facts)[place]) for span_id, is_item, place in self._saying]
        self._new = []
        return WhatWasLogged(rows, facts, said, is_plain and are_plain)

    def _begin(self) -> None:
        self._rows: list[Row] = []
        self._facts: list[Fact] = []
        self._saying: list[tuple[int, bool, int]] = []
        self._are_plain = True

    def _read(
        self,
        span_id: int,
        events: Sequence[SomeEvent],
        values: Iterator[tuple[Any, ...]],
        said_by: Iterator[tuple[Mapping[str, Any], bool]],
    ) -> None:
        """Rows and facts of the events of a span; `values` are those of its frames, `said_by` of its read events."""
        owner, sources, count = f"{span_id:016x}", self._sources, len(self._rows)
        for event in events:
            if isinstance(event, Frame):
                self._are_plain = False  # nobody has seen that of it
                kind, _, *told = next(values)
                if kind == ITEM:
                    self._take_row(span_id, row_of_values(owner, told, self._described(told, event.media)))
                else:
                    self._take_fact(Fact(span_id, *told))
            elif isinstance(event, FinishedEvent):
                self._read_event(span_id, owner, event.media, *next(said_by))
            elif ours := event_of_attributes(event.attributes or {}):
                self._read_event(span_id, owner, None, ours.fields, ours.is_plain)
            if sources is not None and len(self._rows) > count:
                sources.append(event)
                count += 1

    def _described(self, values: Sequence[Any], media: MediaBytes | None) -> Mapping[str, Any] | None:
        """What is known of the media of an item, by its values; the bytes are attached."""
        if values[_MEDIA] is None:
            return None
        described = describe_media(values[_MEDIA], media)
        self._attach(described, media.data if media else None)
        return described

    def _read_event(
        self, span_id: int, owner: str, media: bytes | None, fields: Mapping[str, Any], is_plain: bool
    ) -> None:
        if not fields:
            return
        if not is_plain:
            self._are_plain = False
        if media is not None:
            self._attach(fields.get("media"), media)
        if "fact" in fields:
            self._take_fact(Fact(span_id, fields["fact"], fields.get("value"), fields))
        else:
            self._take_row(span_id, row_of_fields(owner, fields))

    def _attach(self, described: Any, media: bytes | None) -> None:
        if media is not None:
            self.attachments[described["sha256"]] = media

    def _take_row(self, span_id: int, row: Row) -> None:
        if row[_NUMBER] == 1 and row[_TYPE] == ItemType.PIPELINE_START:
            self._saying.append((span_id, True, len(self._rows)))
        self._rows.append(row)

    def _take_fact(self, fact: Fact) -> None:
        if fact.name == EXECUTION_FACT:
            self._saying.append((fact.span_id, False, len(self._facts)))
        self._facts.append(fact)


def _said(span_id: int, kept: Row | Fact) -> SaidOfRun:
    if isinstance(kept, Fact):
        return SaidOfRun(span_id, kept.value, kept.lossy)
    return SaidOfRun(span_id, kept[_METADATA], 0)  # what is lossy in an item is counted with the items
