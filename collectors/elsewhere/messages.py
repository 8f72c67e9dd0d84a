"""What a pipeline's process and that of a sink say to each other; each message is a pickle of plain values.

there   OPEN, what opens the sink                 once, first
        WRITE, how many runs, whether in doubt    then as many messages, each a run or a record
        CLOSE
back    READY, or CANNOT and why                  once, first
        DONE, tallies, refused                    after each WRITE; DONE alone after CLOSE
        FAILED, kind, what may be told            in its place
        LOG, level, logger, text                  at any time
"""

from __future__ import annotations

from collectors.delivery import spill
from collectors.elsewhere.recorded_run import RecordedRun
from otel_tracking.record import ExecutionRecord

OPEN, WRITE, CLOSE = "open", "write", "close"
READY, CANNOT, DONE, FAILED, LOG = "ready", "cannot", "done", "failed", "log"

OF_SYSTEM, OF_SINK, OF_RUN = "of the system", "of the sink", "of the run"
"""Kinds of failure: an OSError, whose words name a path and a reason; another, by its class; an unbuildable run."""

_RUN, _RECORD = b"r", b"R"


def packed(work: RecordedRun | ExecutionRecord) -> bytes:
    """A run, or a record that had been put aside, as it travels."""
    return _RUN + work.to_bytes() if isinstance(work, RecordedRun) else _RECORD + spill.to_bytes(work)


def unpacked(told: bytes) -> RecordedRun | ExecutionRecord:
    """What such bytes are."""
    return RecordedRun.from_bytes(told[1:]) if told[:1] == _RUN else spill.of_bytes(told[1:])
