"""One run on its way into a project: its record, its journey, and what its case and its sources are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from exporters.collections.journey import JourneyText, journey_of
from exporters.collections.names import UniqueNames, file_name
from exporters.collections.refi.guids import guid
from exporters.collections.refi.variables import source_values
from otel_tracking.record import ExecutionRecord


@dataclass(frozen=True, slots=True)
class CaseRun:
    """A run; `key` tells it from every other, in this export and in all that follow."""

    record: ExecutionRecord
    key: tuple[object, ...]
    name: str
    journey: Sequence[JourneyText]

    @property
    def guid(self) -> str:
        """The guid of its case."""
        return guid("case", *self.key)

    def values(self, **said: Any) -> list[Element]:
        """The values of one of its sources."""
        return source_values(execution_id=self.record.execution_id, session_id=self.record.session_id or None, **said)


class CaseRuns:
    """Gives every run a key and a name."""

    def __init__(self) -> None:
        self._names = UniqueNames()
        self._seen: Counter[str] = Counter()

    def of(self, record: ExecutionRecord) -> CaseRun:
        """The run of a record. Its trace id decides; an id that came before is counted on."""
        own = record.trace_id or record.execution_id
        self._seen[own] += 1
        key = (own,) if self._seen[own] == 1 else (own, self._seen[own])
        return CaseRun(record, key, self._names.give(file_name(record.execution_id)), journey_of(record))
