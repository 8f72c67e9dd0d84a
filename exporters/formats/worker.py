"""A process that makes documents for another one, within bounds: what a document takes is gone with the process.

It is asked and answers over a pipe that nobody else has; it ends when the other end is closed, or nothing is asked for
a while.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from exporters.formats import format_named
from exporters.formats.documents import render_document
from exporters.privacy.profiles import Profile
from exporters.storage.writing.media import load_media
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord

IDLE_SECONDS = 60.0
_NICE = 5


@dataclass(frozen=True, slots=True)
class Order:
    """A document that is wanted, of what leaves of a record under a profile; media are taken from below `data_dir`."""

    record: ExecutionRecord
    format_name: str
    data_dir: str
    options: Mapping[str, str]
    profile: str = Profile.FULL


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of an order: the document, or the kind of error; and the memory that the process holds on to."""

    document: bytes | None
    error: str
    held_bytes: int


def main(descriptor: int, most_bytes: int, idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer orders until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    # Runs and pages go first.
    os.nice(_NICE)
    connection = Connection(descriptor)
    try:
        while connection.poll(idle_seconds):
            connection.send(_fill(connection.recv()))
    except (EOFError, OSError):
        return


def _fill(order: Order) -> Delivery:
    try:
        form = format_named(order.format_name)
        document = render_document(_leaving(order), form, data_dir=order.data_dir, options=order.options)
    # What it says may repeat what a child wrote: the other side gets to know the kind alone.
    except Exception as trouble:
        return Delivery(None, type(trouble).__name__, _held())
    return Delivery(document, "", _held())


def _leaving(order: Order) -> ExecutionRecord:
    is_whole = order.profile == Profile.FULL
    if is_whole and order.options.get("audience") == Audience.STUDENT:
        return order.record
    from exporters.privacy.way_out import open_way_out  # only here: what pupils take home has no remarks

    record = order.record if is_whole else load_media(order.data_dir, order.record)
    return open_way_out(order.data_dir, order.profile, with_marked=True).leaving(record).record


def _held() -> int:
    """Bytes of memory that the process holds; 0 where the system does not say. Its peak would be its parent's too."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()
