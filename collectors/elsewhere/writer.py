"""Build records of finished runs and write them to a sink, many at once; in whichever process that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from collectors.delivery.sinks import Outlet, Sink, contains, refused_by
from collectors.elsewhere.messages import Work
from collectors.elsewhere.received_run import ReceivedRun
from collectors.elsewhere.recorded_run import RecordedRun
from otel_tracking.columns import RecordColumns, RecordInPieces, columns_of
from otel_tracking.errors import Unbuildable
from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import broken_rules

_PLACE = ("item_type", "stage", "stage_iteration", "loop_iteration")


class Tally(NamedTuple):
    """What is counted of a record, and what is unusual in it, in words, with how often."""

    items: int
    lossy_values: int
    late_spans: int
    dropped: int
    complaints: tuple[tuple[str, int], ...]


def tally_of(columns: RecordColumns) -> Tally:
    """The tally of a record."""
    return tally_of_places(columns, zip(*(columns.items[name] for name in _PLACE), strict=True))


def tally_of_places(record: RecordColumns | RecordInPieces, places: Iterable[tuple[Any, ...]]) -> Tally:
    """The tally of a record of whose items only type and place are at hand."""
    complaints = Counter(complaint for place in places for complaint in broken_rules(*place))
    head = record.head
    return Tally(record.item_count, head.lossy_values, head.late_spans, head.dropped, tuple(complaints.items()))


class RunWriter:
    """A sink that is given runs."""

    def __init__(self, open_sink: Callable[[], Sink]) -> None:
        self._open, self._opened = open_sink, list[Outlet]()

    @property
    def refused(self) -> int:
        """How many records of erased runs its sink took and did not keep."""
        return refused_by(self._outlet.sink)

    def write(self, works: Iterable[Work], *, in_doubt: bool = False) -> list[Tally]:
        """Write them together, where the sink can, and say what was counted of each.

        `in_doubt` is for what was given before, to nobody knows what end: what the sink has is not written again.
        Raises `Unbuildable` where no record can be made of one, and then writes none.
        """
        outlet, tallies, forms = self._outlet, list[Tally](), []
        for work in works:
            columns = columns_of(work) if isinstance(work, ExecutionRecord) else _built(work)
            tallies.append(tally_of(columns))
            if not (in_doubt and contains(outlet.sink, columns.head)):
                forms.append(outlet.prepare(columns) if outlet.prepare else columns.record())
        if outlet.write_all and len(forms) > 1:
            outlet.write_all(forms)
        else:
            for form in forms:
                outlet.write(form)
        return tallies

    def close(self) -> None:
        """Close what was opened."""
        for outlet in self._opened:
            outlet.sink.close()

    @property
    def _outlet(self) -> Outlet:
        if not self._opened:
            self._opened.append(Outlet.of(self._open()))
        return self._opened[0]


def _built(run: RecordedRun | ReceivedRun) -> RecordColumns:
    try:
        return run.build()
    except Exception as trouble:
        raise Unbuildable(type(trouble).__name__) from trouble
