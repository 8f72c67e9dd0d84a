"""Texts for coding: which files there are, for each run and for each session, and what stands in each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from exporters.collections.journey import Part, journey_of, parts_of
from exporters.collections.names import UniqueNames, file_name
from exporters.story.readable import visible_line
from otel_tracking.record import ExecutionRecord

RUNS, SESSIONS = "runs", "sessions"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodingText:
    """One file: where it stands, when its first run began, and its journeys, each with the heading it has, if any."""

    path: str
    moment: dt.datetime
    journeys: tuple[tuple[str, tuple[Part, ...]], ...]


@dataclass(slots=True)
class _Session:
    name: str
    moment: dt.datetime
    journeys: list[tuple[str, tuple[Part, ...]]] = field(default_factory=list)


def coding_texts(records: Iterable[ExecutionRecord], language: str) -> Iterator[CodingText]:
    """A text for each run that has one, as runs come; then one for each session. Only texts are kept until then."""
    names, sessions = UniqueNames(), _Sessions()
    for record in records:
        parts = tuple(parts_of(journey_of(record), language))
        if parts:
            name = names.give(file_name(record.execution_id))
            sessions.add(record, name, parts)
            yield CodingText(path=f"{RUNS}/{name}", moment=record.timestamp, journeys=(("", parts),))
    yield from sessions.texts()


class _Sessions:
    def __init__(self) -> None:
        self._names, self._by_id = UniqueNames(), dict[str, _Session]()

    def add(self, record: ExecutionRecord, name: str, parts: tuple[Part, ...]) -> None:
        if record.session_id in (None, ""):
            return
        session_id = visible_line(record.session_id)
        if session_id not in self._by_id:
            self._by_id[session_id] = _Session(self._names.give(file_name(session_id)), record.timestamp)
        self._by_id[session_id].journeys.append((name, parts))

    def texts(self) -> Iterator[CodingText]:
        for session in self._by_id.values():
            yield CodingText(path=f"{SESSIONS}/{session.name}", moment=session.moment, journeys=tuple(session.journeys))
