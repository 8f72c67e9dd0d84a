"""What a pipeline's process and that of a sink say to each other; each message is a pickle of plain values.

there   OPEN, what opens the sink                 once, first
        WRITE, whether in doubt                   then messages of some runs or records each, the last of none
        CLOSE
back    READY, or CANNOT and why                  once, first
        DONE, tallies, refused, what is written   after each WRITE; DONE alone after CLOSE
        FAILED, kind, what may be told            in its place
        LOG, level, logger, text                  at any time
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping

from collectors.delivery import spill
from collectors.elsewhere.received_run import ReceivedRun
from collectors.elsewhere.recorded_run import RecordedRun
from otel_tracking.record import ExecutionRecord

OPEN, WRITE, CLOSE = "open", "write", "close"
READY, CANNOT, DONE, FAILED, LOG = "ready", "cannot", "done", "failed", "log"

OF_SYSTEM, OF_SINK, OF_RUN = "of the system", "of the sink", "of the run"
"""Kinds of failure: an OSError, whose words name a path and a reason; another, by its class; an unbuildable run."""

MESSAGE_BYTES = 2**20
"""Bytes of runs that go in one message: of large ones there are never many at once in memory."""

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


def messages_of(works: Iterable[Work]) -> Iterator[bytes]:
    """The messages that follow `WRITE`, of some runs each: for every one both ends may have to wait."""
    some: list[bytes] = []
    for work in works:
        some.append(packed(work))
        if sum(map(len, some)) >= MESSAGE_BYTES:
            yield pickle.dumps(some, pickle.HIGHEST_PROTOCOL)
            some = []
    if some:
        yield pickle.dumps(some, pickle.HIGHEST_PROTOCOL)
    yield pickle.dumps([], pickle.HIGHEST_PROTOCOL)


def told_by(next_message: Callable[[], bytes]) -> Iterator[bytes]:
    """What is told by the messages that follow `WRITE`, to the last of them."""
    while some := pickle.loads(next_message()):
        yield from some
