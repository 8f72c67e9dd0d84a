"""Ask the sinks what they have of a run: to know it again, and so that nothing is put in its place."""

from __future__ import annotations

from collections.abc import Sequence

from collectors.building.spans_of_record import is_exact, spans_of_record
from collectors.delivery.sinks import Archive, Sink
from collectors.receiving.remote_run import RemoteRun
from collectors.receiving.revisions import NO_IDENTITY, IdentifiedRecord, extends, fits
from collectors.receiving.senders import Senders
from collectors.receiving.trace_id import TraceId
from otel_tracking import canonical
from otel_tracking.columns import RecordColumns
from otel_tracking.record import ExecutionRecord

OTHER_IDENTITY = "their execution id is that of another run"
OTHER_RECORD = "another record of their run is stored"
LESS_OR_OTHER = "would take something from the record of their run, or change it"


class StoredRuns:
    """The runs that are records in the sinks which can say so."""

    def __init__(self, sinks: Sequence[Sink], senders: Senders) -> None:
        self._archives = [sink for sink in sinks if isinstance(sink, Archive)]
        self._senders = senders

    def find(self, trace_id: int) -> ExecutionRecord | None:
        """The stored record of a run, of its highest revision. Raises OSError where it cannot be read."""
        found = [record for sink in self._archives if (record := sink.stored(f"{trace_id:032x}"))]
        return max(found, key=lambda record: record.revision, default=None)

    def recall(self, record: ExecutionRecord) -> RemoteRun:
        """The run of a stored record, as if its spans had just come."""
        return run_of(record, self._senders.of(TraceId(record.trace_id or "0", 16)))

    def has(self, head: IdentifiedRecord) -> bool:
        """Whether this revision of a run or a later one is stored, by whomever."""
        revisions = (sink.revision_of(head.trace_id or "") for sink in self._archives)
        return any(revision is not None and revision >= head.revision for revision in revisions)

    def is_there(self, columns: RecordColumns) -> bool:
        """Whether all of this is stored already, as this revision or a later one, by whomever."""
        stored = self._stored(columns.head) if self.has(columns.head) else None
        return stored is not None and extends(columns.record(), stored)

    def complaint_about_identity(self, head: IdentifiedRecord) -> str | None:
        """Why no record of that execution id and trace may be stored; None where one may."""
        if not fits(head):
            return NO_IDENTITY
        if any(sink.trace_of(head.execution_id) not in (None, head.trace_id or "") for sink in self._archives):
            return OTHER_IDENTITY
        return None

    def complaint(self, columns: RecordColumns) -> str | None:
        """Why this record may not be stored; None where it may."""
        head = columns.head
        if about_identity := self.complaint_about_identity(head):
            return about_identity
        if self.has(head):
            return OTHER_RECORD
        stored = self._stored(head) if head.revision > 1 else None
        return None if stored is None or extends(stored, columns.record()) else LESS_OR_OTHER

    def _stored(self, head: ExecutionRecord) -> ExecutionRecord | None:
        return self.find(int(head.trace_id or "0", 16))


def run_of(record: ExecutionRecord, sender: str | None) -> RemoteRun:
    """The run of a stored record, as if its spans had just come; one that has none is fixed."""
    try:
        spans = spans_of_record(record)
        is_fixed = not is_exact(spans, record)
    except Exception:  # a record of another kind, an import: it has no spans to be added to
        spans, is_fixed = [], True
    run = RemoteRun(TraceId(record.trace_id or "0", 16), sender=sender, is_fixed=is_fixed)
    run.add(spans)
    run.size = len(canonical.dumps(record.to_dict()))
    run.revision, run.late_spans = record.revision, record.late_spans
    return run
