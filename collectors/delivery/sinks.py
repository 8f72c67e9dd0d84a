"""What a sink is: anything that keeps records. What more some can is declared here, and looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from otel_tracking.columns import RecordColumns, RecordInPieces
from otel_tracking.errors import RecordingError
from otel_tracking.record import ExecutionRecord

Form = TypeVar("Form")
Taken = TypeVar("Taken", contravariant=True)


class Sink(Protocol):
    """Anything that keeps records. `write` returns when the record is durable and raises where it cannot be."""

    def write(self, record: ExecutionRecord) -> None:
        """Keep one record."""

    def close(self) -> None:
        """Let go of what is held."""


@runtime_checkable
class PreparingSink(Protocol[Form]):
    """A sink that is given a smaller form in the record's place, in `write` and in `write_all`."""

    def prepare(self, record: ExecutionRecord) -> Form:
        """The form, made by computing alone, since others wait for it."""

    def write(self, record: Form) -> None:
        """Keep one record, given by its form."""


@runtime_checkable
class ColumnSink(Protocol):
    """A preparing sink that makes its form of columns: a record of objects is not made for it."""

    def prepare_columns(self, columns: RecordColumns) -> Any:
        """The form, made by computing alone."""


@runtime_checkable
class PieceSink(Protocol):
    """A sink that can keep a record of very many items without ever having all of them in memory."""

    def write_pieces(self, record: RecordInPieces) -> None:
        """Keep it, on a thread of its own: others write meanwhile."""


@runtime_checkable
class GroupSink(Protocol[Taken]):
    """A sink that can keep many records, or their forms, at once."""

    def write_all(self, records: Sequence[Taken]) -> None:
        """Keep them; raises, and is then given them one by one, where it cannot."""


@runtime_checkable
class RunSink(Protocol):
    """A sink that is given finished runs as they were recorded, and makes their records itself."""

    name: str
    sink: Sink
    """The one that it is for, as it is in this process."""

    def begin(self) -> None:
        """Get ready, on the thread that will write."""

    def health(self) -> dict[str, Any]:
        """Which process does that, and how often another had to be started."""


@runtime_checkable
class KnowingSink(Protocol):
    """A sink that knows what it has: recovery writes nothing twice."""

    def contains(self, trace_id: str, revision: int) -> bool:
        """Whether that revision of a run is stored."""


@runtime_checkable
class LocatedSink(Protocol):
    """A sink that says where it writes to: so it is known afterwards for whom journals and files were meant."""

    location: str


@runtime_checkable
class PortableSink(Sink, Protocol):
    """A sink that can be opened in another process: nothing of what it has learned is in this one's memory alone."""

    def opener(self) -> Callable[[], Sink]:
        """What opens it there; it can be pickled, and what it is made of can be imported."""


@runtime_checkable
class TellingSink(Protocol):
    """A sink that remembers what it has written: opened in two processes, it can tell the one what the other did."""

    tell: Callable[[Any], object]
    """Called with what was written, which can be pickled; does nothing until it is set."""

    def hear(self, told: Any) -> None:
        """Know what was written in another process."""


@runtime_checkable
class Archive(Protocol):
    """A sink that can also say what it has: a collector asks it, and puts nothing in the place of what is stored."""

    def revision_of(self, trace_id: str) -> int | None:
        """The highest stored revision of a run; None where none is. Asked for every run: it may be a moment old."""

    def stored(self, trace_id: str) -> ExecutionRecord | None:
        """The stored record of a run, of its highest revision; None where there is none."""

    def trace_of(self, execution_id: str) -> str | None:
        """The trace that is stored under an execution id; None where there is none."""


@runtime_checkable
class RefusingSink(Protocol):
    """A sink that takes records of runs that were erased, so that nobody brings them again, and keeps none of them."""

    @property
    def refused(self) -> int:
        """How many there were."""

    def is_erased(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased, by what is known of it."""


@runtime_checkable
class ConsentSink(Protocol):
    """A sink beside whose records it is known who has said yes to what: not all that it keeps may leave the machine."""

    def lets_out(self, run: Any) -> bool:
        """Whether a run may leave now: a record, or whatever says of what study and of whom it is."""

    def whose(self, trace_ids: Sequence[str]) -> Iterable[Any]:
        """What says of what study and of whom these runs are, as far as they are stored; none where no study asks."""


def is_erased(sinks: Sequence[Sink], execution_id: str | None, trace_id: str | None) -> bool:
    """Whether every one of the sinks says that a run was erased."""
    return bool(sinks) and all(
        isinstance(sink, RefusingSink) and sink.is_erased(execution_id, trace_id) for sink in sinks
    )


def lets_out(sinks: Sequence[Sink], run: Any) -> bool:
    """Whether none of the sinks that know says that a run may not leave."""
    return all(sink.lets_out(run) for sink in sinks if isinstance(sink, ConsentSink))


def whose_are(sinks: Sequence[Sink], trace_ids: Sequence[str]) -> list[Any]:
    """What the sinks that can say it say of whose these runs are."""
    return [run for sink in sinks if isinstance(sink, ConsentSink) for run in sink.whose(trace_ids)]


def refused_by(sink: Sink) -> int:
    """How many records of erased runs a sink took and did not keep."""
    return sink.refused if isinstance(sink, RefusingSink) else 0


def contains(sink: Sink, record: ExecutionRecord) -> bool:
    """Whether a sink says that it has this revision of a run."""
    return isinstance(sink, KnowingSink) and sink.contains(record.trace_id or "", record.revision)


def write_together(sink: Sink, records: Sequence[ExecutionRecord]) -> None:
    """Have a sink keep several records, at once where it can."""
    if isinstance(sink, GroupSink):
        sink.write_all(records)
        return
    for record in records:
        sink.write(record)


def checked(sinks: Sequence[Sink]) -> Sequence[Sink]:
    """The sinks, if they are some; `RecordingError` says what would work."""
    if hasattr(sinks, "write"):
        raise RecordingError(f"sinks is one {type(sinks).__name__}; a list such as [ParquetSink('data')] would work")
    for sink in sinks:
        if isinstance(sink, type) or not hasattr(sink, "write"):
            raise RecordingError(f"{sink!r:.60} among the sinks keeps no records; ParquetSink('data') would work")
    return sinks


def first_location(sinks: Iterable[Sink]) -> str | None:
    """Where the first of the sinks that says so writes to."""
    return next((str(sink.location) for sink in sinks if isinstance(sink, LocatedSink) and sink.location), None)


def _prepare_record(sink: PreparingSink[Any], columns: RecordColumns) -> Any:
    return sink.prepare(columns.record())


@dataclass(frozen=True, slots=True)
class Outlet:
    """A sink with what it can, looked at once. Where it wants no form of its own, it is given records."""

    sink: Sink
    name: str
    write: Callable[[Any], None]
    prepare: Callable[[RecordColumns], Any] | None
    write_all: Callable[[Sequence[Any]], None] | None
    is_archive: bool
    takes_runs: bool = False
    takes_pieces: bool = False

    def begin(self) -> None:
        """Have it get ready, if it has to."""
        if isinstance(self.sink, RunSink):
            self.sink.begin()

    def health(self) -> dict[str, Any]:
        """What it says of itself, if it makes records."""
        return self.sink.health() if isinstance(self.sink, RunSink) else {}

    @property
    def piece_sink(self) -> PieceSink | None:
        """The sink that takes large records in pieces, in this process; None where it takes none."""
        near = self.sink.sink if isinstance(self.sink, RunSink) else self.sink
        return near if isinstance(near, PieceSink) else None

    @classmethod
    def of(cls, sink: Sink) -> Self:
        """The outlet of a sink."""
        prepare: Callable[[RecordColumns], Any] | None = None
        if isinstance(sink, ColumnSink):
            prepare = sink.prepare_columns
        elif isinstance(sink, PreparingSink):
            prepare = partial(_prepare_record, sink)
        write_all = sink.write_all if isinstance(sink, GroupSink) else None
        takes_runs = isinstance(sink, RunSink)
        name = sink.name if isinstance(sink, RunSink) else type(sink).__name__
        return cls(sink, name, sink.write, prepare, write_all, isinstance(sink, Archive), takes_runs)

    @classmethod
    def of_pieces(cls, sink: PieceSink) -> Self:
        """The outlet of a sink for large records, beside its other one; it is not closed by this one."""
        name = type(sink).__name__
        return cls(sink, name, sink.write_pieces, None, None, is_archive=False, takes_pieces=True)  # type: ignore[arg-type]

    def close(self) -> None:
        """Close the sink."""
        if not self.takes_pieces:
            self.sink.close()
