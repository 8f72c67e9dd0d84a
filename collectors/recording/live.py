"""Follow runs of this process while they go on: from the beginning, without polling, without slowing them down."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from collectors.recording.open_runs import FINISHED, LOGGED, STARTED, LogEntry, OpenRun, OpenRuns
from collectors.spans.recorded import SpanData
from otel_tracking import attributes as names
from otel_tracking.span_event import Frame

PROGRESS = "progress"
PROGRESS_PAUSE = 0.25
"""Seconds between two words on how far a run is: quicker than anybody reads, and a slow reader gets the latest only."""

MOST_TOGETHER = 64
"""Events that are passed on together at most: who comes late to a long run gets it in pieces."""

_PLACE = (names.STAGE, names.STAGE_ITERATION, names.LOOP_ITERATION)


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One thing that happened in a run: a span `started` or `ended`, something was `logged`, the run `finished`.

    `number` counts from 1 within the run; a reader that comes back says the last one it saw. `fields` are those of the
    item or fact, or the span's attributes; `ended` carries the span's status in `name`, `finished` the finish reason.

    `progress` says how far the work of a span is (`done`, `total`, `unit`, and its place in the pipeline). It stands in
    no log and has no number of its own: it bears that of the event before it, and nobody gets it again.
    """

    number: int
    kind: str
    span_id: int = 0
    parent_id: int | None = None
    name: str = ""
    timestamp_ns: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_item(self) -> bool:
        """Whether an item was logged."""
        return self.kind == LOGGED and "item_type" in self.fields


class FreshEvent(NamedTuple):
    """An event that is there and was not looked at: reading it takes a hundred times as long as passing it on."""

    number: int
    kind: str
    read: Callable[[], LiveEvent]


class LiveFeed:
    """The runs that can be followed: those under way, and the last few that ended, as far as they are not large."""

    def __init__(self, open_runs: OpenRuns, *, remembered: int = 16, most_bytes: int = 64 * 2**20) -> None:
        self._open_runs, self._most_bytes = open_runs, most_bytes
        self._recent: deque[tuple[OpenRun, int]] = deque(maxlen=remembered)

    def remember(self, run: OpenRun) -> None:
        """Keep a finished run a little longer for readers that come late."""
        others = [(other, size) for other, size in self._recent if other is not run]
        room = self._most_bytes - _bytes_of(run)
        while others and sum(size for _, size in others) > room:
            del others[0]
        # At least the one that has just ended: somebody may be watching it.
        self._recent = deque([*others, (run, self._most_bytes - room)], maxlen=self._recent.maxlen)

    def follow(
        self, trace_id: str, *, after: int = 0, timeout: float | None = None, progress: bool = False
    ) -> Iterator[LiveEvent]:
        """Everything that happened in a run after event `after`, then what happens, until the run has finished.

        With `progress` also how far open spans are, as often as somebody could read it; only the latest of each.
        Raises `LookupError` where no such run is under way or just over, and `TimeoutError` where nothing happens for
        `timeout` seconds.
        """
        followed = self.follow_together(trace_id, after=after, timeout=timeout, progress=progress)
        return (event.read() for news in followed for event in news)

    def follow_together(
        self, trace_id: str, *, after: int = 0, timeout: float | None = None, progress: bool = False
    ) -> Iterator[list[FreshEvent]]:
        """The same, as many together as are there, for who passes on what somebody else has read already."""
        run = self._find(trace_id)
        if run is None:
            raise LookupError(f"no run with trace id {trace_id} is under way in this process")
        return _follow(run, after, timeout, _ProgressReader(run) if progress else None)

    def media(self, trace_id: str, sha256: str) -> bytes | None:
        """The bytes of a medium that was logged in a run which can be followed, before they are in any file."""
        run = self._find(trace_id)
        frames = [entry for entry in tuple(run.log) if isinstance(entry, Frame)] if run else []
        return next((frame.media.data for frame in frames if frame.media and frame.media.sha256 == sha256), None)

    def _find(self, trace_id: str) -> OpenRun | None:
        try:
            number = int(trace_id, 16)
        except ValueError:
            return None
        # A copy: another thread may be remembering a run.
        recent = next((run for run, _ in tuple(self._recent) if run.trace_id == number), None)
        return self._open_runs.find(number) or recent


def _bytes_of(run: OpenRun) -> int:
    frames = [entry for entry in tuple(run.log) if isinstance(entry, Frame)]
    media = sum(len(frame.media.data) for frame in frames if frame.media)
    return media + sum([len(frame.payload) for frame in frames])


class _ProgressReader:
    """What one reader has yet to be told of how far a run is."""

    def __init__(self, run: OpenRun) -> None:
        self._run, self._told, self._next = run, dict[int, tuple[Any, ...]](), 0.0

    def pause(self) -> float | None:
        """Seconds until there is something to tell; None where there is nothing new."""
        return max(0.0, self._next - time.monotonic()) if self._news() else None

    def read(self, number: int) -> Iterator[LiveEvent]:
        """What is new, where it is time for it."""
        if self.pause() == 0:
            news = self._news()
            self._told |= news
            self._next = time.monotonic() + PROGRESS_PAUSE
            for span_id, said in news.items():
                if span := self._run.open_spans.get(span_id):
                    place = {name: span.attributes[name] for name in _PLACE if name in span.attributes}
                    told = dict(zip(("done", "total", "unit"), said, strict=True))
                    yield LiveEvent(number, PROGRESS, span_id, fields=place | told)

    def _news(self) -> dict[int, tuple[Any, ...]]:
        # Copies in one step each: the pipeline's thread goes on.
        told, said, open_now = self._told, dict(self._run.progress), self._run.open_spans
        return {span_id: new for span_id, new in said.items() if span_id in open_now and told.get(span_id) is not new}


def _follow(
    run: OpenRun, after: int, timeout: float | None, progress: _ProgressReader | None
) -> Iterator[list[FreshEvent]]:
    wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ring() -> None:
        if wake.empty():  # one ring is enough: the reader looks at the whole log
            wake.put(None)

    with run.lock:
        run.wakers = (*run.wakers, ring)
    try:
        while not (0 < after == len(run.log) and _is_last(run.log[-1])):
            while news := [_fresh(number, run) for number in range(after, min(len(run.log), after + MOST_TOGETHER))]:
                after = news[-1].number
                yield news
                if news[-1].kind == FINISHED:
                    return
            if said := [_read_already(one) for one in progress.read(after)] if progress else []:
                yield said
            _wait(wake, timeout, progress.pause() if progress else None)
    finally:
        with run.lock:
            run.wakers = tuple(waker for waker in run.wakers if waker is not ring)


def _wait(wake: queue.SimpleQueue[None], timeout: float | None, pause: float | None) -> None:
    """Wait for something to happen, or until what is known already may be told."""
    is_pause = pause is not None and (timeout is None or pause <= timeout)
    try:
        wake.get(timeout=pause if is_pause else timeout)
    except queue.Empty:
        if not is_pause:
            raise TimeoutError(f"nothing happened in the run for {timeout} s") from None


def _fresh(place: int, run: OpenRun) -> FreshEvent:
    event = run.log[place]
    kind = LOGGED if isinstance(event, Frame) else event[0]
    return FreshEvent(place + 1, kind, partial(_read, place + 1, event))


def _read_already(event: LiveEvent) -> FreshEvent:
    return FreshEvent(event.number, event.kind, lambda: event)


def _is_last(event: LogEntry) -> bool:
    return not isinstance(event, Frame) and event[0] == FINISHED


def _read(number: int, event: LogEntry) -> LiveEvent:
    if isinstance(event, Frame):
        return LiveEvent(number, LOGGED, event.span_id, None, event.name, event.timestamp, event.fields())
    kind, subject = event
    if kind == FINISHED:
        return LiveEvent(number, kind, name=subject)
    span: SpanData = subject
    if kind == STARTED:
        return LiveEvent(number, kind, span.span_id, span.parent_id, span.name, span.start_ns, dict(span.attributes))
    return LiveEvent(
        number, kind, span.span_id, None, span.status.name.lower(), span.end_ns or 0, dict(span.attributes)
    )
