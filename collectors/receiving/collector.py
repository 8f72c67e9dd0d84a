"""Take the requests of other processes, keep them safe, and see the records of their runs to the sinks.

Every trace fails alone: what cannot be read, made or believed is set aside in the quarantine, with the reason, and
nothing else waits for it.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from collectors.delivery.road import Road
from collectors.delivery.sinks import Sink
from collectors.elsewhere.choice import Tallies, served
from collectors.receiving.accepted import Accepted, Busy
from collectors.receiving.entries import JSON, PROTOBUF
from collectors.receiving.erased_runs import REFUSED, ErasedRuns, IsErased, asked_of
from collectors.receiving.kept_runs import READERS
from collectors.receiving.quarantine import Aside, Quarantine, RequestBody
from collectors.receiving.record_maker import RecordMaker
from collectors.receiving.runs import TOO_LATE, Due, Intake, Refusal, RemoteRuns
from collectors.receiving.senders import Senders
from collectors.receiving.setting_aside import SettingAside
from collectors.receiving.sorting import Sorted, sort
from collectors.receiving.spool import Entry, Spool
from collectors.receiving.stored_runs import StoredRuns
from collectors.receiving.trace_id import TraceId
from collectors.spans.finished import FinishedSpan
from collectors.spans.kept_request import keep_json, keep_protobuf
from collectors.worker import Worker
from otel_tracking.environment import THREAD
from otel_tracking.errors import Troubles
from otel_tracking.record import ExecutionRecord

_log = logging.getLogger("otel_tracking")

MOST_WAITING, COMPANY = 512, 64
"""Records on their way to the sinks, after which nothing more is taken until they have caught up; and how many of them
wait for no others: who sent them waits for the spool alone, so that these are more than where somebody waits.
"""

LOOK_SECONDS, GATHER_SECONDS = 1.0, 0.05
"""How often runs are looked for that have been waited for long enough, and for how long whole ones gather."""

COUNTS = (
    *("requests", "spans", "rejected_spans", "odd_spans", "duplicate_spans", "too_late_spans", "turned_away"),
    *("records", "items", "stored_already", REFUSED),
)
NOT_TAKEN, NOT_UNDERSTOOD = "could not be taken", "are in a request that this version cannot read"

_KEEP = {PROTOBUF: keep_protobuf, JSON: keep_json}


class Collector:
    """Makes records from what arrives. `accept` may be called by many threads."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        spool: Spool,
        *,
        quarantine: Quarantine | None = None,
        grace: float = 30.0,
        patience: float = 600.0,
        max_age: float = 6 * 3600.0,
        most_waiting: int = MOST_WAITING,
        look_seconds: float = LOOK_SECONDS,
        is_erased: IsErased | None = None,
        assembly: str = THREAD,
    ) -> None:
        """`is_erased`, or else the sinks, are asked, by trace id, of what comes and at each look of what is held.

        `assembly` is where records are made, as `start_recording` has it.
        """
        self.troubles = Troubles()
        tallies = Tallies()
        taking, self._senders = served(sinks, assembly, tallies), Senders(spool.directory / "senders.sqlite")
        self._road = Road(taking, self.troubles, enough=min(COMPANY, most_waiting // 4), first=self._senders.keep)
        self.counts = self._road.counts
        tallies.tell = lambda tally: self.counts.update(items=tally.items)
        self._spool = spool
        self.quarantine = quarantine or Quarantine(spool.directory / "quarantine")
        self._stored = StoredRuns(sinks, self._senders)
        self._erased = ErasedRuns(is_erased or asked_of(sinks), self.counts)
        self._aside = SettingAside(self.quarantine, spool, self._erased)
        self._worker = Worker("otel-tracking collector", self._met, gather=GATHER_SECONDS)
        self._maker = RecordMaker(
            *(self._road, self._stored, self._senders, self._aside, spool),
            on_aside=self._is_set_aside,
            later=self._worker.put,
            is_elsewhere=self._road.all_take_runs,
        )
        self._runs = RemoteRuns(grace=grace, patience=patience, max_age=max_age)
        for aside in self.quarantine.asides:
            if aside.is_whole:
                self._runs.set_aside(TraceId(aside.trace_id, 16), aside.sender)
        self._most_waiting, self._lock = most_waiting, threading.Lock()
        self._closing = threading.Event()
        self._worker.put(self._take_up_all)
        self._worker.start(self._look_for_overdue, look_seconds)

    def accept(self, kind: bytes, came: bytes, *, sender: str = "", zipped: bytes | None = None) -> Accepted:
        """Take a request; what it brought of ours is on disk when this returns. `sender` says from whom it is.

        `zipped` is the same as one member of gzip, where it came so. Raises `RecordError` for a body that is none,
        `Busy` while sinks are behind, OSError where it cannot be kept.
        """
        if self._road.outstanding >= self._most_waiting:
            self.counts["turned_away"] += 1
            raise Busy(f"{self._road.outstanding} records wait to be written")
        request = _KEEP[kind](came)
        found = sort(request.batches, self._knows)
        found, (kind, body) = self._erased.left_of(found, RequestBody(kind, request.body), request.traces)
        self.counts["requests"] += 1
        self._set_odd_aside(found, RequestBody(kind, body), sender)
        if found.ours:
            place = self._spool.append(kind, body, found.ours, sender, zipped=zipped if body is came else None)
            entry = Entry(place, kind, body, sender)
            for due in self._take(found, entry):
                self._worker.put(partial(self._maker.make, due))
        self.counts["spans"] += found.span_count
        self.counts["odd_spans"] += len(found.odd)
        self.counts["rejected_spans"] += sum(found.rejected.values())
        message = "; ".join(f"{count} {why}" for why, count in found.rejected.items())
        return Accepted(sum(found.rejected.values()), message)

    def take_up(self, aside: Aside) -> None:
        """Take what was set aside once more, as it came and from whom it came; raises OSError where it is not there.

        What still cannot be taken is set aside again.
        """
        trace_id = TraceId(aside.trace_id, 16)
        with self._lock:
            self._runs.readmit(trace_id)
        entries = [
            Entry(self._spool.append(kind, body, {trace_id}, aside.sender), kind, body, aside.sender)
            for kind, body in self.quarantine.requests_of(aside)
        ]
        self.quarantine.remove(aside)
        for entry in entries:
            self._worker.put(partial(self._take_up_entry, entry, trace_id))

    def health(self) -> dict[str, Any]:
        """How the collector is doing, in counts."""
        return {
            **{name: self.counts[name] for name in COUNTS},
            "set_aside": sum(self._aside.counts.values()),
            "quarantined": len(self.quarantine),
            "quarantine_bytes": self.quarantine.size,
            "quarantine_dropped": self.quarantine.dropped,
            "open_runs": len(self._runs),
            "waiting": self._road.outstanding,
            "spool_bytes": self._spool.size,
            "spool_damaged": self._spool.damaged,
            "guarded_errors": dict(self.troubles.counts),
            "sinks": self._road.health(),
        }

    def close(self, timeout: float = 10.0) -> bool:
        """Write what is whole; what is not stays in the spool for the next start. True where all of it was written."""
        self._closing.set()
        self._worker.stop(timeout)
        all_written = self._road.close(timeout)
        self._spool.close()
        self._senders.close()
        return all_written and not self._road.outstanding

    def _knows(self, trace_id: TraceId) -> bool:
        with self._lock:
            return self._runs.knows(trace_id)

    def _let_go_of_erased(self) -> None:
        """Forget what is held of runs that were erased meanwhile."""
        with self._lock:
            erased = self._erased.among(self._runs.held())
            dropped = [run for trace_id in erased if (run := self._runs.drop(TraceId(trace_id)))]
        for run in dropped:
            self._erased.count(len(run.spans))
            self._spool.release(run.places, run.trace_id)
        self._erased.leave(self.quarantine)
        self._erased.leave_senders(self._senders, erased)

    def _set_odd_aside(self, found: Sorted, request: RequestBody, sender: str) -> None:
        """What cannot be read of our traces is kept as it came: nobody will send it again."""
        counts = Counter((odd.trace_id, odd.reason) for odd in found.odd if odd.trace_id)
        refusals = [Refusal(trace_id, reason, count) for (trace_id, reason), count in counts.items()]
        self._aside.parts(refusals, request, sender)

    def _take(self, found: Sorted, entry: Entry, *, is_old: bool = False) -> list[Due]:
        """Take the spans of an entry, trace by trace; the runs that are due. What is refused is set aside."""
        due: list[Due] = []
        refused: list[Refusal] = []
        share = len(entry.body) // max(1, found.span_count)
        for trace_id, spans in found.ours.items():
            taken = self._take_trace(trace_id, spans, share * len(spans), entry, is_old)
            due += taken.due
            refused += taken.refused
            self.counts["duplicate_spans"] += taken.duplicates
            if taken.unchanged:
                self._spool.release([entry.place], trace_id)
        self._refuse(refused, entry, found.rejected)
        return due

    def _refuse(self, refused: list[Refusal], entry: Entry, rejected: Counter[str]) -> None:
        """Set aside what an entry brought of some traces; where that cannot be, it stays in the spool."""
        for refusal in refused:
            rejected[refusal.reason] += refusal.spans
            self.counts["too_late_spans"] += refusal.spans if refusal.reason == TOO_LATE else 0
        try:
            self._aside.parts(refused, RequestBody(entry.kind, entry.body), entry.sender)
        except OSError as trouble:
            return self.troubles.report("quarantine", trouble)
        for refusal in refused:
            self._spool.release([entry.place], refusal.trace_id)

    def _take_trace(
        self, trace_id: TraceId, spans: list[FinishedSpan], size: int, entry: Entry, is_old: bool
    ) -> Intake:
        try:
            stored = self._recall(trace_id)
            with self._lock:
                taken = self._runs.take(spans, size, entry.place, entry.sender)
                for due in taken.due:
                    self._maker.count_in(due)
        except Exception as trouble:
            reason = f"{NOT_TAKEN} ({type(trouble).__name__})"
            return Intake([], set(), 0, [Refusal(trace_id, reason, len(spans))])
        if stored and taken.unchanged:
            self.counts["stored_already"] += 1
            if is_old:
                self._road.complete(stored)
        return taken

    def _recall(self, trace_id: TraceId) -> ExecutionRecord | None:
        """Know a run again that is a record already; the record, where it had to be read for that."""
        with self._lock:
            if self._runs.remembers(trace_id):
                return None
        if (record := self._stored.find(trace_id)) is not None:
            run = self._stored.recall(record)
            with self._lock:
                self._runs.recall(run)
        return record

    def _take_up_all(self) -> None:
        """Take what an earlier process had accepted and not seen through, no faster than the sinks do."""
        for entry in self._spool.entries():
            while self._road.outstanding >= self._most_waiting and not self._closing.wait(0.05):
                pass
            if self._closing.is_set():
                return
            try:
                self._take_up_entry(entry)
            except Exception as trouble:  # those behind it can still be taken
                self._met(trouble)

    def _take_up_entry(self, entry: Entry, only: int | None = None) -> None:
        """Take an entry of an earlier process; or once more, what it has of `only` one trace (0: of all)."""
        try:
            found = sort(READERS[entry.kind](entry.body), only.__eq__ if only else self._knows)
        except Exception:  # it was read before: another version of this program took it
            if only is None:
                self._spool.hold(entry.place, [0])
            return self._refuse([Refusal(only or 0, NOT_UNDERSTOOD, 0)], entry, Counter())
        found = self._erased.taken_out_of(found.of(only) if only else found)
        self._spool.hold(entry.place, found.ours)
        if only is not None:
            self._set_odd_aside(found, RequestBody(entry.kind, entry.body), entry.sender)
            self._spool.release([entry.place], only)
        for due in self._take(found, entry, is_old=only is None):
            self._maker.make(due)

    def _met(self, trouble: BaseException) -> None:
        # Without this thread no run would ever become a record again.
        self.troubles.counts["collector"] += 1
        _log.error("collecting met %s and goes on; what was sent is in the spool", type(trouble).__name__)

    def _look_for_overdue(self) -> None:
        try:
            self._let_go_of_erased()
        except Exception as trouble:  # runs that are due do not wait for it
            self.troubles.report("erasing", trouble)
        with self._lock:
            overdue = self._runs.overdue()
            for due in overdue:
                self._maker.count_in(due)
        self._maker.try_again()
        for due in overdue:
            self._maker.make(due)
        self._spool.tidy()

    def _is_set_aside(self, due: Due, is_whole: bool) -> None:
        with self._lock:
            self._runs.drop(due.trace_id)
            if is_whole:
                self._runs.set_aside(due.trace_id, due.sender)
