"""Listen for traces, with the limits of a server of which senders want little but often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from collectors.listening.limits import Limits
from collectors.receiving.http import TraceReceiver
from otel_tracking.errors import RecordingError
from otel_tracking.extras import Extra

THREADS = 8
"""Requests that are worked on at once: while one fsync goes on, others come together for the next."""

END_SECONDS = 10


@contextmanager
def listening(receiver: TraceReceiver, host: str, port: int, limits: Limits | None = None) -> Iterator[str]:
    """Answer requests while the block lasts; gives the address. Raises `RecordingError` where it cannot be had."""
    with Extra("server"):
        from collectors.listening.server import listening as listening_for

    server = listening_for(
        receiver,
        host,
        port,
        gate=receiver.gate,
        limits=limits or Limits(),
        threads=THREADS,
        name="otel-tracking",
        end_seconds=END_SECONDS,
    )
    with ExitStack() as stack:
        try:
            address = stack.enter_context(server)
        except OSError as error:
            raise RecordingError(
                f"{host}:{port} cannot be listened on ({error.strerror}); another port would work"
            ) from error
        yield address
