"""Make records of what comes in the messages of a broker, each exactly once: positions are committed with them.

`partition.py` knows what of a partition is not stored yet, `worker.py` reads, builds and commits, `ledger.py` says what
a place that keeps records and positions has to be able to do, and `kafka.py` is the broker.
"""

from __future__ import annotations

from collectors.streaming.ledger import AsideMessage, Ledger
from collectors.streaming.messages import Message, MessageSource
from collectors.streaming.worker import StreamWorker

__all__ = ["AsideMessage", "Ledger", "Message", "MessageSource", "StreamWorker"]
