"""What an OTLP request brings: spans by whose they are, and of each that is none the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from collectors.spans.finished import FinishedSpan

KINDS = {0: "internal", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
STATUSES = {0: "unset", 1: "ok", 2: "error"}

UNREADABLE = "cannot be read"
NO_ID = "have no trace or span id"
NO_TIME = "have times that cannot be"

LATEST_NS = 2**63 - 1
"""The last nanosecond that clocks and files can say, in the year 2262."""

T = TypeVar("T")


class OddSpan(NamedTuple):
    """What stood in a span's place and is none: of which trace it was (0 where that cannot be said), and why."""

    trace_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The spans that one instrumentation of one process made: `resource` says which process, `scope` what made them."""

    resource: Mapping[str, Any]
    scope: str
    spans: list[FinishedSpan]
    odd: list[OddSpan] = field(default_factory=list)


def batch_of(
    resource: Mapping[str, Any],
    scope: str,
    spans: Iterable[T],
    read: Callable[[T], FinishedSpan],
    trace_id_of: Callable[[T], int],
) -> Batch:
    """The batch of spans that are read one by one; whatever is wrong with one is its own affair."""
    batch = Batch(resource, scope, [])
    for unread in spans:
        try:
            span = read(unread)
        except Exception:
            batch.odd.append(OddSpan(_or_none(trace_id_of, unread), UNREADABLE))
            continue
        complaint = _complaint(span)
        if complaint is None:
            batch.spans.append(span)
        else:
            batch.odd.append(OddSpan(_if_one(span.trace_id), complaint))
    return batch


def _complaint(span: FinishedSpan) -> str | None:
    """Why this cannot be a span; None where it can."""
    if not (0 < span.trace_id < 2**128 and 0 < span.span_id < 2**64):
        return NO_ID
    if not (0 < span.start_ns <= LATEST_NS and (span.end_ns is None or 0 < span.end_ns <= LATEST_NS)):
        return NO_TIME
    return None


def _or_none(trace_id_of: Callable[[T], int], unread: T) -> int:
    try:
        return _if_one(trace_id_of(unread))
    except Exception:
        return 0


def _if_one(trace_id: int) -> int:
    return trace_id if 0 < trace_id < 2**128 else 0
