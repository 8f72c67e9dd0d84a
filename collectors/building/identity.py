"""Which record is it, and of which run? What its root says of that, without the rest of it."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from collectors.building.head import called, said_by
from collectors.building.log import LogSoFar
from collectors.spans.finished import FinishedSpan
from otel_tracking.record import timestamp_of


class RecordIdentity(NamedTuple):
    """What a record is called, and what tells it from others."""

    execution_id: str
    trace_id: str
    timestamp: dt.datetime
    revision: int


def identity_of_first(root: FinishedSpan) -> RecordIdentity:
    """The identity of the first record of a run that has this root and no second one: of its root alone.

    A run says what it is in its first item, and in facts.
    """
    log = LogSoFar()
    log.add(root.span_id, [event for event in root.events if event.number in (None, 1)])
    fields, _ = said_by(root, log.take().said)
    return RecordIdentity(called(root, fields), f"{root.trace_id:032x}", timestamp_of(root.start_ns), 1)
