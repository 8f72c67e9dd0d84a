"""Spans that wait to be sent: limited in number and size, taken in small batches."""

from __future__ import annotations

import threading
import time
from collections import deque

from opentelemetry.sdk.trace import ReadableSpan

BATCH_SPANS, BATCH_BYTES = 32, 2 * 2**20
"""Largest batch: servers take 4 MiB (gRPC) or 20 MiB (HTTP) unless they were told to take more."""

MOST_SPANS, MOST_BYTES = 20_000, 64 * 2**20
"""What may wait. Beyond it the newest is dropped: a viewer is best effort, and memory is not for it."""

GATHERING_SECONDS = 0.5
"""How long the first span of a batch waits for others."""


class SpanQueue:
    """A queue for one producer that never waits and one sender that does."""

    def __init__(self, gathering_seconds: float = GATHERING_SECONDS) -> None:
        self._spans: deque[tuple[ReadableSpan, int]] = deque()
        self._bytes = 0
        self._gathering_seconds = gathering_seconds
        self._changed = threading.Condition()
        self._is_hurried = self._is_sending = False
        self.dropped = 0
        self.is_closed = False

    def __len__(self) -> int:
        return len(self._spans)

    def put(self, span: ReadableSpan) -> None:
        """Queue a span, unless too much waits or the queue is closed."""
        size = size_of(span)
        with self._changed:
            if self.is_closed or len(self._spans) >= MOST_SPANS or self._bytes + size > MOST_BYTES:
                self.dropped += 1
                return
            self._spans.append((span, size))
            self._bytes += size
            self._changed.notify_all()

    def take(self) -> list[ReadableSpan]:
        """The next batch; waits for one. Empty when the queue is closed and nothing is left.

        Whoever comes for the next has seen to the one before.
        """
        with self._changed:
            self._is_sending = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._spans or self.is_closed)
            until = time.monotonic() + self._gathering_seconds
            self._changed.wait_for(self._is_batch, max(0.0, until - time.monotonic()))
            batch = self._pop()
            self._is_sending = bool(batch)
            return batch

    def settle(self, timeout: float) -> bool:
        """Wait until what was queued has been seen to, without gathering more; False where time ran out."""
        with self._changed:
            self._is_hurried = True
            self._changed.notify_all()
            is_settled = self._changed.wait_for(lambda: not self._spans and not self._is_sending, timeout)
            self._is_hurried = False
            return is_settled

    def close(self) -> None:
        """Take nothing more; what waits may still be taken."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def drop_all(self) -> None:
        """Give up what waits."""
        with self._changed:
            self.dropped += len(self._spans)
            self._spans.clear()
            self._bytes = 0

    def _is_batch(self) -> bool:
        return self.is_closed or self._is_hurried or len(self._spans) >= BATCH_SPANS or self._bytes >= BATCH_BYTES

    def _pop(self) -> list[ReadableSpan]:
        batch: list[ReadableSpan] = []
        size = 0
        while self._spans and len(batch) < BATCH_SPANS and (not batch or size + self._spans[0][1] <= BATCH_BYTES):
            span, of_span = self._spans.popleft()
            self._bytes -= of_span
            size += of_span
            batch.append(span)
        return batch


def size_of(span: ReadableSpan) -> int:
    """About how many bytes a span will be: its texts, and a little for everything else."""
    holders = [span.attributes or {}, *(event.attributes or {} for event in span.events)]
    texts = sum(len(value) for holder in holders for value in holder.values() if isinstance(value, str | bytes))
    return texts + 40 * sum(map(len, holders)) + 200
