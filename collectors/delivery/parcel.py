"""A record on its way to every sink: at hand, as the forms that its sinks want, or in a file."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from collectors.delivery.sinks import Outlet
from collectors.delivery.spill import Spill, SpilledRecord
from otel_tracking.columns import RecordColumns, RecordInPieces, columns_of, in_pieces
from otel_tracking.errors import Unbuildable
from otel_tracking.record import ExecutionRecord

TRIES_ALONE = 5
"""How often a sink is asked to take a record that it, and not its disk, refuses; for whoever wants it back then."""


class FinishedRun(Protocol):
    """What a sink is given that makes records itself."""

    @property
    def media_bytes(self) -> int:
        """Bytes of media that it holds."""


@dataclass(frozen=True, slots=True)
class AtHand:
    """The record itself."""

    record: ExecutionRecord

    def read(self) -> ExecutionRecord:
        """The record."""
        return self.record

    def columns(self) -> RecordColumns:
        """Its columns."""
        return columns_of(self.record)


@dataclass(slots=True)
class AsColumns:
    """Its columns; the record is made once, where somebody wants it."""

    built: RecordColumns
    record: ExecutionRecord | None = None

    def read(self) -> ExecutionRecord:
        """The record."""
        self.record = self.record or self.built.record()
        return self.record

    def columns(self) -> RecordColumns:
        """Its columns."""
        return self.built


@dataclass(frozen=True, slots=True)
class InPieces:
    """A large record, whose columns are made where somebody wants all of them."""

    pieces: RecordInPieces

    def read(self) -> ExecutionRecord:
        """The record."""
        return self.columns().record()

    def columns(self) -> RecordColumns:
        """Its columns."""
        return self.pieces.columns()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What its sinks wanted of it, by sink; the record is made again where somebody needs it."""

    forms: Mapping[int, Any]
    build: Callable[[], RecordColumns | RecordInPieces]

    def read(self) -> ExecutionRecord:
        """The record, made again."""
        return self.columns().record()

    def columns(self) -> RecordColumns:
        """Its columns, made again."""
        return _whole(self.build())


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """Nothing yet: its record is made where somebody needs it."""

    build: Callable[[], RecordColumns | RecordInPieces]

    def read(self) -> ExecutionRecord:
        """The record, made."""
        return self.columns().record()

    def columns(self) -> RecordColumns:
        """Its columns, made."""
        return _whole(self.build())


class Parcel:
    """A record on its way; `on_durable` is called once, when all sinks have it.

    Where `on_refused` is given, it is called once and the parcel is let go, when a sink cannot take the record itself:
    it raised `TRIES_ALONE` times, and no disk or network was at fault. Where `build` is given, the record need not be
    kept: it can be made again. `run` is what sinks are given that make records themselves; where all do, no `record`
    has to be made. `on_unbuildable` is called where one of them says that none can be.
    """

    def __init__(
        self,
        record: ExecutionRecord | RecordColumns | RecordInPieces | None,
        sinks: int,
        on_durable: Callable[[Parcel], None],
        build: Callable[[], RecordColumns | RecordInPieces] | None = None,
        on_refused: Callable[[BaseException], None] | None = None,
        run: FinishedRun | None = None,
        on_unbuildable: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._held: AtHand | AsColumns | InPieces | Unbuilt | Prepared | SpilledRecord = _holding(record, build)
        self.is_large = isinstance(record, RecordInPieces)
        self._build, self._on_durable, self._on_refused = build, on_durable, on_refused
        self._run, self._on_unbuildable, self._is_unbuildable = run, on_unbuildable, False
        self._missing, self._refusals = sinks, 0
        self.tried_by: set[int] = set()
        self._lock = threading.Lock()
        self.media_bytes = _media_bytes(record, run)

    @property
    def record(self) -> ExecutionRecord:
        """The record, read or made again where it is not at hand."""
        return self._held.read()

    def form_for(self, outlet: Outlet) -> Any:
        """What a sink wants to be given."""
        held = self._held
        if outlet.takes_pieces:
            return held.pieces if isinstance(held, InPieces) else in_pieces(held.columns())
        if outlet.takes_runs and self._run is not None:
            return self._run
        if outlet.prepare is None:
            return held.read()
        form = held.forms.get(id(outlet.sink)) if isinstance(held, Prepared) else None
        return outlet.prepare(held.columns()) if form is None else form

    def prepare_for(self, outlets: Iterable[Outlet]) -> None:
        """Make the forms that sinks want, and forget the record where no sink wants itself."""
        outlets = [outlet for outlet in outlets if not outlet.takes_runs]
        forms = {id(outlet.sink): self.form_for(outlet) for outlet in outlets}
        if forms and self._build and all(outlet.prepare for outlet in outlets):
            self._held = Prepared(forms, self._build)

    def put_aside(self, files: Spill) -> None:
        """Keep the record in a file from now on; raises, and changes nothing, where that cannot be done."""
        if not isinstance(self._held, SpilledRecord):
            self._held = files.keep(self.record)
            self._build = self._run = None

    def is_given_up(self, trouble: BaseException | None) -> bool:
        """Note that a sink has refused it; whether it is given up for that."""
        if isinstance(trouble, Unbuildable) and self._on_unbuildable:
            with self._lock:
                is_news, self._is_unbuildable = not self._is_unbuildable, True
            if is_news:  # each of several sinks says so
                self._on_unbuildable(trouble)
            return True
        if trouble is None or self._on_refused is None or is_of_the_place(trouble):
            return False
        with self._lock:
            self._refusals += 1
            is_last = self._refusals == TRIES_ALONE
        if is_last:
            self._on_refused(trouble)
        return self._refusals >= TRIES_ALONE

    def acknowledge(self) -> None:
        """One more sink has it."""
        with self._lock:
            self._missing -= 1
            complete = self._missing == 0
        if complete:
            if isinstance(self._held, SpilledRecord):
                # A file that stays is only looked at once more, by the next start.
                with contextlib.suppress(OSError):
                    self._held.remove()
            self._on_durable(self)


def _whole(built: RecordColumns | RecordInPieces) -> RecordColumns:
    return built if isinstance(built, RecordColumns) else built.columns()


def _holding(
    record: ExecutionRecord | RecordColumns | RecordInPieces | None,
    build: Callable[[], RecordColumns | RecordInPieces] | None,
) -> AtHand | AsColumns | InPieces | Unbuilt:
    if isinstance(record, RecordInPieces):
        return InPieces(record)
    if isinstance(record, RecordColumns):
        return AsColumns(record)
    if record is not None:
        return AtHand(record)
    if build is None:
        raise ValueError("a parcel needs a record, or what makes one")
    return Unbuilt(build)


def _media_bytes(record: ExecutionRecord | RecordColumns | RecordInPieces | None, run: FinishedRun | None) -> int:
    if record is None:
        return run.media_bytes if run else 0
    head = record.head if isinstance(record, RecordColumns | RecordInPieces) else record
    return sum(map(len, head.attachments.values()))


def is_of_the_place(trouble: BaseException) -> bool:
    """Whether a disk, a network or the machine's memory is at fault, and not what was to be written."""
    seen: BaseException | None = trouble
    for _ in range(20):
        if seen is None:
            return False
        if isinstance(seen, OSError | MemoryError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
