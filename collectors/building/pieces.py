"""Build the record of a run of very many items: its head after one look at them all, its items piece after piece.

Of what was looked at little is kept; the frames stay, and are read once more for each piece. Both times they are read
by the code that reads those of every run, so the record is the same. After each millisecond or two another thread may
go on: the pipeline's, or that of a small run.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from operator import itemgetter, lt
from typing import Any, NamedTuple

from collectors.building.items import Columns, ItemsSoFar, MediaFiles, columns_of_rows
from collectors.building.log import LogSoFar, SaidOfRun, SomeEvent, WhatWasLogged
from collectors.building.record import RecordSoFar, fill, recorded_in_order
from collectors.building.rows import ROW, Fact, Row
from collectors.flight_recorder.background import breathe
from collectors.spans.recorded import SpanData
from otel_tracking.columns import ItemPiece, RecordInPieces
from otel_tracking.record import FinishReason
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType, read_item_type

PIECE = 128
"""Events that are read together. Of more, the values live until Python's garbage collector has looked at them twice:
with 4,096, a run took half as long again.
"""

_PLACE = ("stage", "stage_iteration", "loop_iteration")

Events = list[tuple[int, Sequence[SomeEvent]]]
"""Events with the ids of their spans."""


class LargeRun(NamedTuple):
    """The record of a large run, and of what type and where in the pipeline each of its items is."""

    record: RecordInPieces
    places: Iterable[tuple[Any, ...]]


def pieces_of_recorded(
    spans: Iterable[SpanData], *, finish_reason: FinishReason, revision: int, late_spans: int
) -> LargeRun:
    """The record of a run of this process, straight from its frames. Raises ValueError where there are no spans."""
    look = _FirstLook()
    run = RecordSoFar(_PassingLog(look), look)
    fill(run, recorded_in_order(spans))
    columns = run.columns(finish_reason=finish_reason, revision=revision, late_spans=late_spans)
    read = partial(_read, look.owners, look.sources, look.order, columns.head.execution_id)
    record = RecordInPieces(columns.head, columns.spans, columns.item_count, columns.is_plain, read)
    return LargeRun(record, zip(*map(columns.items.__getitem__, ("item_type", *_PLACE)), strict=True))


def _read(
    owners: Sequence[int], sources: Sequence[SomeEvent], order: Sequence[int], execution_id: str
) -> Iterator[ItemPiece]:
    files = MediaFiles(execution_id)
    for start in range(0, len(order), PIECE):
        read = _taken(owners, sources, order[start : start + PIECE])
        yield ItemPiece(columns_of_rows(read.rows, files), read.is_plain)
        breathe()


def _taken(owners: Sequence[int], sources: Sequence[SomeEvent], places: Iterable[int]) -> WhatWasLogged:
    """What some of the sources say, in that order."""
    log = LogSoFar()
    for owner, same in groupby(places, key=owners.__getitem__):
        log.add(owner, [sources[place] for place in same])
    return log.take()


class _FirstLook(ItemsSoFar):
    """What the head of a record needs to know of its items, and where each of them can be read again."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[SomeEvent] = []
        self.owners: list[int] = []
        self.order: Sequence[int] = ()
        self._numbers, self._times, self._lossy = array("q"), array("q"), array("q")
        self._types: list[ItemType | str] = []
        self._places: dict[str, list[Any]] = {name: [] for name in _PLACE}
        self._has_seed = bytearray()

    def look_at(self, rows: list[Row]) -> None:
        """Keep of rows what is needed of them, in the order in which they came."""
        columns = dict(zip(ROW, zip(*rows, strict=True), strict=True))
        self.owners += [int(owner, 16) for owner in columns["span_id"]]
        self._numbers.extend(columns["sequence_number"])
        self._times.extend(columns["timestamp_ns"])
        self._lossy.extend(columns["lossy"])
        self._types += map(_one_for_all, columns["item_type"])
        self._has_seed += bytes(map(_says_seed, columns["item_type"], columns["metadata"]))
        for name, values in self._places.items():
            values += columns[name]

    def take(self, new: list[Row], execution_id: str) -> Columns:
        """The columns that the head is made of, in the order of the items; what is not needed of them is None."""
        self.order = order = _in_order(self._numbers, self._times)
        self.lossy = sum([self._lossy[place] for place in order])
        known: dict[str, Sequence[Any]] = {**self._places, "item_type": self._types, "sequence_number": self._numbers}
        self.columns = {name: [values[place] for place in order] for name, values in known.items()}
        self.columns |= {name: self._only_of(self._telling(), name) for name in ("content", "metadata")}
        return self.columns

    def _telling(self) -> dict[int, Row]:
        """The first output that says a seed and the last error, by their place in the order."""
        seeds = (at for at, place in enumerate(self.order) if self._has_seed[place])
        errors = (at for at, name in enumerate(self.columns["item_type"]) if name == ItemType.PIPELINE_ERROR)
        telling = {*islice(seeds, 1), *list(errors)[-1:]}
        return {at: _taken(self.owners, self.sources, [self.order[at]]).rows[0] for at in telling}

    def _only_of(self, telling: dict[int, Row], name: str) -> list[Any]:
        values: list[Any] = [None] * len(self.order)
        for at, row in telling.items():
            values[at] = row[ROW.index(name)]
        return values


class _PassingLog(LogSoFar):
    """Reads events once, some at a time, and lets go of their values; facts and what is said of the run stay."""

    def __init__(self, look: _FirstLook) -> None:
        super().__init__()
        self._look = look

    def take(self) -> WhatWasLogged:
        facts: list[Fact] = []
        said: list[SaidOfRun] = []
        is_plain = True
        for some in _in_pieces(self._new):
            log = LogSoFar(self._look.sources)
            for span_id, events in some:
                log.add(span_id, events)
            read = log.take()
            if read.rows:
                self._look.look_at(read.rows)
            facts += read.facts
            said += read.said
            is_plain &= read.is_plain
            self.attachments |= log.attachments
            breathe()
        self._new = []
        return WhatWasLogged([], facts, said, is_plain)


def _in_pieces(events: Events) -> Iterator[Events]:
    some: Events = []
    count = 0
    for span_id, of_span in events:
        for start in range(0, len(of_span), PIECE):
            some.append((span_id, of_span[start : start + PIECE]))
            count += len(some[-1][1])
            if count >= PIECE:
                yield some
                some, count = [], 0
    yield some


def _in_order(numbers: Sequence[int], times: Sequence[int]) -> Sequence[int]:
    """The places of items by number and time, to the microsecond; of the same item the one that came last."""
    if all(map(lt, numbers, islice(numbers, 1, None))):
        return range(len(numbers))
    keyed = sorted(zip(numbers, [time // 1000 for time in times], range(len(numbers)), strict=True))
    return [list(same)[-1][2] for _, same in groupby(keyed, key=itemgetter(0, 1))]


def _one_for_all(name: str) -> ItemType | str:
    return _TYPES.get(name) or read_item_type(name)


def _says_seed(item_type: str, metadata: Any) -> bool:
    if item_type not in OUTPUT_TYPES or not isinstance(metadata, dict):
        return False
    return metadata.get("used_seed", metadata.get("seed")) is not None


_TYPES: dict[str, ItemType] = {str(member): member for member in ItemType}
