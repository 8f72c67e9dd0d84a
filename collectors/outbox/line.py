"""The line of requests that wait in boxes to be sent, oldest first."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from collectors.receiving.spool import InSpool, Spool
from collectors.spans.without_traces import Traces

ANYBODY = 0
"""In a spool, requests are held by what they are of. One of an outbox is released as a whole."""


class InLine(NamedTuple):
    """A request that waits: where it is, the runs that it is of, and since when, in seconds since 1970."""

    box: Spool
    place: InSpool
    traces: Traces
    since: float


class WaitingLine:
    """What waits. For any thread; `close` is the end, after which no box is touched.

    `gone` is told of runs of which no request waits any more.
    """

    def __init__(self, gone: Callable[[Traces], object] = lambda traces: None) -> None:
        self._gone = gone
        self._requests: Counter[int] = Counter()
        # What processes before this one have left is older than all of its own.
        self._left: deque[InLine] = deque()
        self._fresh: deque[InLine] = deque()
        self._changed = threading.Condition()
        self._is_whole = self._is_ending = self._is_closed = False

    def __len__(self) -> int:
        return len(self._left) + len(self._fresh)

    def __contains__(self, one: object) -> bool:
        with self._changed:
            return one in self._left or one in self._fresh

    def first(self) -> list[InLine]:
        """The first of those left, and the first of this process' own; what comes behind is in the same boxes."""
        with self._changed:
            return [line[0] for line in (self._left, self._fresh) if line]

    def all(self) -> list[InLine]:
        """What waits now."""
        with self._changed:
            return [*self._left, *self._fresh]

    @property
    def is_ending(self) -> bool:
        """Whether the process is about to end."""
        return self._is_ending

    @property
    def oldest(self) -> float | None:
        """Seconds for which the first has waited."""
        with self._changed:
            first = self._first()
        return max(0.0, time.time() - first.since) if first else None

    def put(self, one: InLine) -> None:
        """A request is in its box."""
        with self._changed:
            self._fresh.append(one)
            self._requests.update(one.traces)
            self._changed.notify_all()

    def put_left(self, ones: Iterable[InLine]) -> None:
        """Requests that processes before this one have left."""
        with self._changed:
            for one in ones:
                self._left.append(one)
                self._requests.update(one.traces)
            self._changed.notify_all()

    def whole(self) -> None:
        """Say that all is here which was left in this process' box."""
        with self._changed:
            self._is_whole = True
            self._changed.notify_all()

    def next(self, seconds: float) -> InLine | None:
        """The first, also when it comes within some seconds; None where there is none by then, or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: len(self) or self._is_ending, seconds)
            return None if self._is_closed else self._first()

    def done(self, one: InLine) -> bool:
        """A request is taken, or kept elsewhere; False where it had left the line meanwhile."""
        return self._leave(one, lambda line: line.remove(one), frozenset())

    def replace(self, one: InLine, other: InLine) -> bool:
        """Another request stands in the place of one."""
        return self._leave(one, lambda line: line.__setitem__(line.index(one), other), other.traces)

    def drop_oldest(self, box: Spool) -> bool:
        """Let go of the request that has waited longest in a box; False where there is none."""
        with self._changed:
            first = next((one for one in (*self._left, *self._fresh) if one.box is box), None)
        return first is not None and self.done(first)

    def settle(self, timeout: float | None) -> bool:
        """Wait until nothing waits, or time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_whole and not len(self), timeout)

    def pause(self, seconds: float) -> bool:
        """Wait for so long; True where the end came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_ending, seconds)

    def end(self) -> None:
        """The process is about to end: nobody pauses any more."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    def close(self) -> None:
        """From here on the boxes are somebody else's."""
        with self._changed:
            self._is_closed = True

    def _leave(self, one: InLine, change: Callable[[deque[InLine]], None], staying: Traces) -> bool:
        with self._changed:
            line = self._left if one in self._left else self._fresh
            if self._is_closed or one not in line:
                return False
            change(line)
            one.box.release([one.place], ANYBODY)
            self._requests.subtract(one.traces - staying)
            gone = frozenset(trace for trace in one.traces - staying if not self._requests[trace])
            for trace in gone:
                del self._requests[trace]
            self._gone(gone)
            self._changed.notify_all()
            return True

    def _first(self) -> InLine | None:
        return self._left[0] if self._left else self._fresh[0] if self._fresh else None
