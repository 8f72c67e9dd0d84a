"""Take messages into their partitions: what is ours, what was stored before, what is set aside."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from collectors.receiving.entries import PROTOBUF
from collectors.receiving.erased_runs import IsErased
from collectors.receiving.kept_runs import READERS, traces_in, without_traces
from collectors.receiving.runs import Due
from collectors.receiving.sorting import NOT_OURS, REDUCED, Sorted, sort
from collectors.receiving.trace_id import TraceId
from collectors.spans.request_secrets import without_secrets_in_protobuf
from collectors.streaming.ledger import AsideMessage, Ledger
from collectors.streaming.messages import Message
from collectors.streaming.partition import Partition
from collectors.streaming.records import days_of, hex_of, run_again
from otel_tracking.secrets.frozen import usual_redactor

NOT_READABLE, NOT_TAKEN = "is no OTLP request", "could not be taken"

_log = logging.getLogger("otel_tracking")


class MessageIntake:
    """What has been taken and is to be committed next: runs that are due, and what is set aside."""

    def __init__(self, ledger: Ledger[Any], is_erased: IsErased, counts: Counter[str]) -> None:
        self._ledger, self._is_erased, self._counts = ledger, is_erased, counts
        self.due: list[tuple[int, Due]] = []
        self.asides: list[AsideMessage] = []

    def take(self, messages: Sequence[Message], partitions: Mapping[int, Partition]) -> None:
        """Take messages, in their order. Raises where the ledger cannot be asked: then none is taken."""
        read: list[tuple[Partition, Message, Sorted | str]] = []
        seen: set[TraceId] = set()
        for message in messages:
            if partition := partitions.get(message.partition):
                found = self._read(message.body, partition, seen)
                seen.update(found.ours if isinstance(found, Sorted) else ())
                read.append((partition, message, found))
        self._recall(read)
        for partition, message, found in read:
            self._take_one(partition, message, found)

    def forget(self, number: int) -> None:
        """Forget what came in a partition."""
        self.due = [(of, due) for of, due in self.due if of != number]
        self.asides = [aside for aside in self.asides if aside.partition != number]

    def set_aside(self, partition: int, offset: int, trace_id: int | None, reason: str, body: bytes) -> None:
        """Set a message aside, or what one has of a trace, without secrets: records lose theirs when they are built."""
        self._counts["set_aside"] += 1
        body = _without_secrets(body)
        if trace_id:
            others = traces_in(PROTOBUF, body) - {int(trace_id)}  # a TraceId has a hash of its own
            body = without_traces(PROTOBUF, body, others) if others else body
        name = hex_of(trace_id) if trace_id else None
        self.asides.append(AsideMessage(partition, offset, name, reason, body))

    def _read(self, body: bytes, partition: Partition, seen: Collection[TraceId]) -> Sorted | str:
        """The spans of ours in a message, or why it cannot be read."""
        try:
            found = sort(READERS[PROTOBUF](body), lambda trace_id: trace_id in seen or partition.knows(trace_id))
        except Exception as trouble:
            return f"{NOT_READABLE} ({type(trouble).__name__})"
        erased = frozenset(trace_id for trace_id in found.ours if self._is_erased(hex_of(trace_id)))
        rest = found.without(erased) if erased else found
        self._counts["erased"] += found.span_count - rest.span_count
        return rest

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
        """Take a message. Whatever is the matter with it, those behind it are taken."""
        self._counts["messages"] += 1
        number, offset, body = partition.number, message.offset, message.body
        if isinstance(found, str):
            self.set_aside(number, offset, None, found, body)
            found = Sorted()
        try:
            taken = partition.take(message, found)
        except Exception as trouble:
            partition.give_up(offset)
            return self.set_aside(number, offset, None, f"{NOT_TAKEN} ({type(trouble).__name__})", body)
        wrong = [(odd.trace_id, odd.reason) for odd in found.odd]
        for trace_id, reason in (*wrong, *((refusal.trace_id, refusal.reason) for refusal in taken.refused)):
            self.set_aside(number, offset, trace_id, reason, body)
        self.due.extend((number, due) for due in taken.due)
        self._count(found)
        self._tell(message, taken.missed)

    def _count(self, found: Sorted) -> None:
        self._counts["spans"] += found.span_count
        self._counts["not_ours"] += found.rejected[NOT_OURS]
        self._counts["reduced"] += found.rejected[REDUCED]

    def _tell(self, message: Message, missed: int) -> None:
        """Say that messages are gone that nobody had read: the broker keeps them for a time only."""
        if missed > 0:
            self._counts["missed"] += missed
            said = "%d messages before %d of partition %d are gone from the broker, unread; its retention is too short"
            _log.error(said, missed, message.offset, message.partition)
        elif missed < 0:
            _log.error(
                "partition %d has begun anew, at %d: its topic was made again", message.partition, message.offset
            )


def _without_secrets(body: bytes) -> bytes:
    """What may be kept of a message; of one that nobody can read, its text without what looks like a secret."""
    try:
        return without_secrets_in_protobuf(body)
    except Exception:
        return usual_redactor().text(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
