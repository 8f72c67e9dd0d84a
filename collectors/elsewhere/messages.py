"""What a pipeline's process and that of a sink say to each other; each message is a pickle of plain values.

there   OPEN, what opens the sink                 once, first
        WRITE, how many runs, whether in doubt    then as many messages, each a run or a record
        CLOSE
back    READY, or CANNOT and why                  once, first
        DONE, tallies, refused, what is written   after each WRITE; DONE alone after CLOSE
        FAILED, kind, what may be told            in its place
        LOG, level, logger, text                  at any time
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from collectors.delivery import spill
from collectors.elsewhere.received_run import ReceivedRun
from collectors.elsewhere.recorded_run import RecordedRun
from otel_tracking.record import ExecutionRecord

OPEN, WRITE, CLOSE = "open", "write", "close"
READY, CANNOT, DONE, FAILED, LOG = "ready", "cannot", "done", "failed", "log"

OF_SYSTEM, OF_SINK, OF_RUN = "of the system", "of the sink", "of the run"
"""Kinds of failure: an OSError, whose words name a path and a reason; another, by its class; an unbuildable run."""

Work = RecordedRun | ReceivedRun | ExecutionRecord
"""What is to be written: a run of this process or from elsewhere, or a record that is made already."""

_RECORDED, _RECEIVED, _RECORD = b"r", b"o", b"R"
_READERS: Mapping[bytes, Callable[[bytes], Work]] = {
    _RECORDED: RecordedRun.from_bytes,
    _RECEIVED: ReceivedRun.from_bytes,
    _RECORD: spill.of_bytes,
}


def packed(work: Work) -> bytes:
    """A run or a record as it travels."""
    if isinstance(work, ExecutionRecord):
        return _RECORD + spill.to_bytes(work)
    return (_RECORDED if isinstance(work, RecordedRun) else _RECEIVED) + work.to_bytes()


def unpacked(told: bytes) -> Work:
    """What such bytes are."""
    return _READERS[told[:1]](told[1:])
