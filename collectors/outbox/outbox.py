"""Keep records until a research programme has them: a sink whose files are sent until they are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from collectors.building.spans_of_record import spans_of_record
from collectors.delivery.sinks import Sink, is_erased
from collectors.outbox.boxes import open_box
from collectors.outbox.posting import Post, http_post
from collectors.outbox.sending import ANYBODY, IsErased, Sender
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.spool import MOST_BYTES, SpoolFull
from collectors.spans.finished import FinishedSpan
from collectors.spans.to_otlp import request_of
from collectors.viewers.settings import FULL, OtlpSettings, read_otlp_settings
from otel_tracking import attributes as names
from otel_tracking.errors import RecordingError
from otel_tracking.record import ExecutionRecord

LARGEST_REQUEST = 2**20
"""Bytes of a request that more than one run shares: a Collector takes 20 MiB unless it was told otherwise."""


class WhenFull(StrEnum):
    """What happens to a record for which there is no room: it waits in its journal, or the oldest request goes."""

    WAIT = "wait"
    DROP_OLDEST = "drop_oldest"


class Outbox:
    """A sink: `write` returns when a record's request is on disk. Raises OSError where it cannot be kept.

    `endpoint` is where OTLP/HTTP is taken, with its path. At most `most_bytes` wait. `is_erased` is asked before
    anything is sent. A run's media do not travel by it.
    """

    def __init__(
        self,
        directory: str | Path,
        endpoint: str,
        *,
        token: str | None = None,
        most_bytes: int = MOST_BYTES,
        when_full: WhenFull = WhenFull.WAIT,
        resource: Mapping[str, Any] | None = None,
        is_erased: IsErased | None = None,
        post: Post | None = None,
    ) -> None:
        self._directory, self._when_full = Path(directory), WhenFull(when_full)
        self.location = str(self._directory)
        self._resource = {**(resource or {}), names.OTLP_CONTENT: FULL}
        self.counts: Counter[str] = Counter()
        self._box = open_box(self._directory, most_bytes)
        never: IsErased = lambda _: False  # noqa: E731
        self._sender = Sender(
            self._directory, self._box, post or http_post(endpoint, token), is_erased or never, self.counts
        )
        self._sender.start()

    def write(self, record: ExecutionRecord) -> None:
        """Keep one record."""
        self.write_all([record])

    def write_all(self, records: Sequence[ExecutionRecord]) -> None:
        """Keep records, several in a request."""
        for body in self._requests(records):
            self._keep(body)
            self.counts["requests"] += 1

    def settle(self, timeout: float | None) -> bool:
        """Wait until everything that was kept is taken, or time is up."""
        return self._sender.settle(timeout)

    def health(self) -> dict[str, Any]:
        """How it is doing, in counts."""
        counted = ("requests", "sent", "refused", "dropped", "attempts_failed")
        return {
            **{name: self.counts[name] for name in counted},
            "waiting": self._sender.waiting,
            "bytes": self._box.size,
            "trouble": self._sender.trouble,
        }

    def close(self, timeout: float = 5.0) -> None:
        """Send what can be sent at once; the rest stays for the next process."""
        self._sender.close(timeout)
        self._box.close()

    def _requests(self, records: Sequence[ExecutionRecord]) -> Iterator[bytes]:
        spans: list[FinishedSpan] = []
        size = 0
        for record in records:
            body_of_one = spans_of_record(record)
            more = sum(len(str(event.fields)) for span in body_of_one for event in span.events)
            if spans and size + more > LARGEST_REQUEST:
                yield request_of(spans, self._resource)
                spans, size = [], 0
            spans, size = [*spans, *body_of_one], size + more
        if spans:
            yield request_of(spans, self._resource)

    def _keep(self, body: bytes) -> None:
        while True:
            try:
                return self._sender.put(self._box.append(PROTOBUF, body, [ANYBODY]))
            except SpoolFull:
                if self._when_full is WhenFull.WAIT or not self._sender.drop_oldest():
                    raise


def open_outbox(
    sinks: Sequence[Sink], endpoint: str, token: str | None, directory: str | Path | None, resource: Mapping[str, Any]
) -> Outbox:
    """An outbox beside other sinks: what these say was erased is not sent. Raises `RecordingError`."""
    if directory is None:
        raise RecordingError("research_endpoint needs a directory for what waits: outbox='data/outbox' would work")
    settings = read_otlp_settings(endpoint, FULL)
    assert isinstance(settings, OtlpSettings)  # an address was given
    erased = partial(is_erased, list(sinks), None)
    return Outbox(directory, settings.endpoint, token=token, resource=resource, is_erased=erased)
