"""Keep records until a research programme has them: a sink whose files are sent until they are taken."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from collectors.building.spans_of_record import counted_spans_of
from collectors.delivery.sinks import Sink, is_erased
from collectors.forks import watch
from collectors.outbox.boxes import open_box
from collectors.outbox.consented import Consented, asking, why_stays
from collectors.outbox.endpoint import research_address
from collectors.outbox.line import ANYBODY, InLine
from collectors.outbox.posting import Post, http_post
from collectors.outbox.sending import OutboxSender
from collectors.outbox.staying import Stays
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.spool import MOST_BYTES, SpoolFull
from collectors.spans.finished import FinishedSpan
from collectors.spans.to_otlp import request_of
from collectors.spans.without_traces import Traces
from collectors.viewers.settings import FULL, OtlpSettings
from otel_tracking import attributes as names
from otel_tracking.environment import CONSENTED
from otel_tracking.errors import RecordingError
from otel_tracking.record import ExecutionRecord

SHARED_REQUEST = 2**20
"""Bytes of a request that more than one run shares."""
LARGEST_REQUEST = 8 * 2**20
"""A run of more bytes travels in several requests: a Collector takes 20 MiB unless it was told otherwise."""

_COUNTED = ("requests", "sent", "refused", "dropped", "erased", "damaged", "attempts_failed", "troubles")


class WhenFull(StrEnum):
    """What happens to a record for which there is no room: it waits in its journal, or the oldest request goes."""

    WAIT = "wait"
    DROP_OLDEST = "drop_oldest"


class Outbox:
    """A sink: `write` returns when a record's request is on disk. Raises OSError where it cannot be kept.

    `endpoint` is where OTLP/HTTP is taken, with its path. At most `most_bytes` wait, and as many of what was refused.
    `is_erased` is asked, with an execution id and a trace id of which one may be None, before anything is kept and
    before it is sent; so is `consented`, which is None where nobody has to be. A run's media do not travel by it.
    """

    def __init__(
        self,
        directory: str | Path,
        endpoint: str,
        *,
        token: str | None = None,
        most_bytes: int = MOST_BYTES,
        when_full: WhenFull | str = WhenFull.WAIT,
        resource: Mapping[str, Any] | None = None,
        is_erased: Callable[[str | None, str | None], bool] | None = None,
        consented: Consented | None = None,
        post: Post | None = None,
    ) -> None:
        self._directory, self._when_full, self._most_bytes = Path(directory), WhenFull(when_full), most_bytes
        self.location = str(self._directory)
        self._address = OtlpSettings(endpoint=endpoint).address
        self._resource = {**(resource or {}), names.OTLP_CONTENT: FULL}
        self._is_erased, self._consented = is_erased or _never, consented
        self.counts: Counter[str] = Counter()
        self.refused = self.withheld = 0
        self._box = open_box(self._directory, most_bytes)
        self._is_ours = True
        self._sender = OutboxSender(
            self._directory,
            self._box,
            (lambda: post) if post else partial(http_post, endpoint, token),
            partial(why_stays, self.is_erased, consented),
            self._meet,
            self._gone,
            self.counts,
            most_bytes,
        )
        watch(self)
        self._sender.start()

    def is_erased(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased: its record would be taken and not kept; `refused` says how many were."""
        return self._is_erased(execution_id, trace_id)

    def write(self, record: ExecutionRecord) -> None:
        """Keep one record."""
        self.write_all([record])

    def write_all(self, records: Sequence[ExecutionRecord]) -> None:
        """Keep records, several in a request; none of runs that were erased, nor of those that may not leave."""
        there = [record for record in records if not self.is_erased(record.execution_id, record.trace_id)]
        wanted = [record for record in there if self._consented is None or self._consented.takes(record)]
        for body, traces in _shared(self._requests(wanted), min(SHARED_REQUEST, self._most_bytes)):
            self._keep(body, traces)
            self.counts["requests"] += 1
        self.refused += len(records) - len(there)
        if len(wanted) < len(there):
            self.withheld += len(there) - len(wanted)
            self._sender.tell("runs of a study are not sent: no consent, or it cannot be read (docs/privacy.md)")

    def settle(self, timeout: float | None) -> bool:
        """Wait until everything that waits is taken or refused, or time is up."""
        return self._sender.line.settle(timeout)

    def health(self) -> dict[str, Any]:
        """How it is doing, in counts; `docs/reliability.md` explains each."""
        return {
            "endpoint": self._address,
            **{name: self.counts[name] for name in _COUNTED},
            "withheld": self.withheld + self.counts[Stays.WITHHELD],
            "waiting": len(self._sender.line),
            "bytes": self._box.size,
            "oldest_seconds": self._sender.line.oldest,
            "trouble": self._sender.trouble or None,
        }

    def close(self, timeout: float = 5.0) -> None:
        """Send what can be sent at once; the rest stays for the next process."""
        if self._is_ours:
            self._is_ours = False
            self._sender.close(timeout)
            self._box.close()

    def after_fork(self) -> None:
        """In a forked child: the files are the parent's, and so is the work."""
        if self._is_ours:
            self._is_ours = False
            self._sender.after_fork()
            self._box.after_fork()

    def _meet(self, traces: Traces) -> None:
        if self._consented:
            self._consented.meet(f"{trace:032x}" for trace in traces)

    def _gone(self, traces: Traces) -> None:
        if self._consented:
            self._consented.gone(f"{trace:032x}" for trace in traces)

    def _requests(self, records: Iterable[ExecutionRecord]) -> Iterator[tuple[bytes, int]]:
        """The requests of each record alone, and its trace."""
        for record in records:
            trace = int(record.trace_id or "0", 16)
            yield from ((body, trace) for body in self._split(counted_spans_of(record)))

    def _split(self, spans: Sequence[FinishedSpan]) -> Iterator[bytes]:
        """One request, or several where it would be too large; a span is never cut."""
        body = request_of(spans, self._resource)
        if len(body) <= LARGEST_REQUEST or len(spans) < 2:
            yield body
            return
        half = len(spans) // 2
        # The root is the first, and comes last: by it is known that a run is whole.
        yield from self._split(spans[half:])
        yield from self._split(spans[:half])

    def _keep(self, body: bytes, traces: frozenset[int]) -> None:
        if len(body) > self._most_bytes:
            self._gone(traces)
            return self._sender.refuse(body, "larger than the outbox")
        while True:
            try:
                place = self._box.append(PROTOBUF, body, [ANYBODY])
                return self._sender.line.put(InLine(self._box, place, traces, time.time()))
            except SpoolFull:
                if self._when_full is WhenFull.WAIT or not self._drop_oldest():
                    raise

    def _drop_oldest(self) -> bool:
        if not self._sender.line.drop_oldest(self._box):
            return False
        self.counts["dropped"] += 1
        self._box.tidy()
        return True


def _shared(requests: Iterable[tuple[bytes, int]], most: int) -> Iterator[tuple[bytes, frozenset[int]]]:
    """Requests of runs joined to larger ones of `most` bytes, each with its traces.

    Two requests in protobuf, one after the other in the same bytes, are one request.
    """
    bodies: list[bytes] = []
    traces: set[int] = set()
    size = 0
    for body, trace in requests:
        if bodies and size + len(body) > most:
            yield b"".join(bodies), frozenset(traces)
            bodies, traces, size = [], set(), 0
        bodies.append(body)
        traces.add(trace)
        size += len(body)
    if bodies:
        yield b"".join(bodies), frozenset(traces)


def _never(execution_id: str | None, trace_id: str | None) -> bool:
    return False


def open_outbox(
    sinks: Sequence[Sink],
    endpoint: str,
    directory: str | Path | None,
    *,
    token: str | None = None,
    most_bytes: int | None = None,
    when_full: str = WhenFull.WAIT,
    runs: str = CONSENTED,
    resource: Mapping[str, Any] | None = None,
) -> Outbox:
    """An outbox beside other sinks: what these say was erased, or may not leave, is not sent. Raises `RecordingError`.

    `runs` is `consented`, or `all`, also without consent.
    """
    if directory is None:
        raise RecordingError("research_endpoint needs a directory for what waits: outbox='data/outbox' would work")
    if when_full not in set(WhenFull):
        raise RecordingError(f"outbox_when_full is {when_full!r:.40}; {' or '.join(WhenFull)} would work")
    address = research_address(endpoint)
    try:
        return Outbox(
            directory,
            address,
            token=token,
            most_bytes=most_bytes or MOST_BYTES,
            when_full=when_full,
            resource=resource,
            is_erased=partial(is_erased, list(sinks)),
            consented=asking(sinks, runs),
        )
    except OSError as trouble:
        raise RecordingError(f"no outbox can be had: {trouble}") from trouble
