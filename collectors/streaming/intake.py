"""Take messages into their partitions: what is ours, what was stored before, what is set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from collectors.receiving.entries import PROTOBUF
from collectors.receiving.erased_runs import IsErased
from collectors.receiving.kept_runs import READERS, traces_in, without_traces
from collectors.receiving.runs import Due
from collectors.receiving.sorting import Sorted, sort
from collectors.receiving.trace_id import TraceId
from collectors.spans.request_secrets import without_secrets_in_protobuf
from collectors.streaming.ledger import AsideMessage, Ledger
from collectors.streaming.messages import Message
from collectors.streaming.partition import Partition
from collectors.streaming.records import days_of, hex_of, run_again

NOT_READABLE = "is no OTLP request"


class MessageIntake:
    """What has been taken and is to be committed next: runs that are due, and what is set aside."""

    def __init__(self, ledger: Ledger[Any], is_erased: IsErased, counts: Counter[str]) -> None:
        self._ledger, self._is_erased, self._counts = ledger, is_erased, counts
        self.due: list[tuple[int, Due]] = []
        self.asides: list[AsideMessage] = []

    def take(self, messages: Sequence[Message], partitions: Mapping[int, Partition]) -> None:
        """Take messages, in their order. Raises where the ledger cannot be asked: then none is taken."""
        read = [
            (partition, message, self._read(message, partition))
            for message in messages
            if (partition := partitions.get(message.partition))
        ]
        self._recall(read)
        for partition, message, found in read:
            self._take_one(partition, message, found)

    def forget(self, number: int) -> None:
        """Forget what came in a partition."""
        self.due = [(of, due) for of, due in self.due if of != number]
        self.asides = [aside for aside in self.asides if aside.partition != number]

    def set_aside(self, partition: Partition, offset: int, trace_id: int | None, reason: str, body: bytes) -> None:
        """Set a message aside, or what one has of a trace."""
        self._counts["set_aside"] += 1
        if trace_id:
            others = traces_in(PROTOBUF, body) - {trace_id}
            body = without_traces(PROTOBUF, body, others) if others else body
        name = hex_of(trace_id) if trace_id else None
        self.asides.append(AsideMessage(partition.number, offset, name, reason, body))

    def _read(self, message: Message, partition: Partition) -> Sorted | str:
        """The spans of ours in a message, or why it cannot be read."""
        try:
            found = sort(READERS[PROTOBUF](without_secrets_in_protobuf(message.body)), partition.knows)
        except Exception as trouble:
            return f"{NOT_READABLE} ({type(trouble).__name__})"
        erased = frozenset(trace_id for trace_id in found.ours if self._is_erased(hex_of(trace_id)))
        return found.without(erased) if erased else found

    def _recall(self, read: Sequence[tuple[Partition, Message, Sorted | str]]) -> None:
        """Know the runs again that were stored, or spilled, before we read of them; all of them at once."""
        unknown: dict[TraceId, tuple[Partition, set[str]]] = {}
        for partition, _, found in read:
            for trace_id, spans in found.ours.items() if isinstance(found, Sorted) else ():
                if not partition.knows(trace_id):
                    unknown.setdefault(trace_id, (partition, set()))[1].update(days_of(spans))
        days = {hex_of(trace_id): days for trace_id, (_, days) in unknown.items()}
        stored = self._ledger.stored(days) if days else ()
        spilled = self._ledger.spilled(days.keys() - {record.trace_id for record in stored}) if days else ()
        for records, has_ended in ((stored, True), (spilled, False)):
            for record in records:
                partition, _ = unknown[TraceId(record.trace_id or "0", 16)]
                partition.recall(run_again(record, has_ended=has_ended))

    def _take_one(self, partition: Partition, message: Message, found: Sorted | str) -> None:
        self._counts["messages"] += 1
        if isinstance(found, str):
            self.set_aside(partition, message.offset, None, found, message.body)
            found = Sorted()
        for odd in found.odd:
            self.set_aside(partition, message.offset, odd.trace_id, odd.reason, message.body)
        taken = partition.take(message, found)
        self.due.extend((partition.number, due) for due in taken.due)
        for refusal in taken.refused:
            self.set_aside(partition, message.offset, refusal.trace_id, refusal.reason, message.body)
        self._counts["spans"] += found.span_count
        self._counts["not_ours"] += sum(found.rejected.values()) - len(found.odd)
