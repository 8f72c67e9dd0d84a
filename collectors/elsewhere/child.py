"""The process of a sink: it is given runs, builds their records, writes them, and says so.

It does one thing after the other, and ends with the process that started it, whose signals it does not mind: that one
decides when it is enough.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import pickle
import select
import signal
from collections import deque
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from collectors.delivery.sinks import Sink, TellingSink
from collectors.elsewhere.messages import (
    CANNOT,
    CLOSE,
    DONE,
    FAILED,
    LOG,
    OF_RUN,
    OF_SINK,
    OF_SYSTEM,
    READY,
    told_by,
    unpacked,
)
from collectors.elsewhere.writer import RunWriter
from otel_tracking.errors import Unbuildable

_SIGNALS_OF_OTHERS = ("SIGINT", "SIGTERM", "SIGHUP")
_PR_SET_PDEATHSIG = 1


def main(descriptor: int, parent: int) -> None:
    """Serve the process that has the other end of this descriptor, until it closes it."""
    for name in _SIGNALS_OF_OTHERS:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    _die_with(parent)
    # Of a run's many small objects none outlives it, and what was imported never goes: looking is dear, and in vain.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    with contextlib.suppress(_Gone), Connection(descriptor) as connection:
        logging.getLogger().addHandler(_Teller(connection))
        _serve(connection)


class _Gone(BaseException):
    """Nobody is at the other end any more."""


def _serve(connection: Connection) -> None:
    first = _next(connection)
    try:
        _, open_sink = pickle.loads(first)
    except Exception as trouble:
        return _say(connection, (CANNOT, f"{type(trouble).__name__}: {trouble}"))
    told: list[Any] = []
    writer = RunWriter(partial(_opened, open_sink, told))
    _say(connection, (READY,))
    while True:
        kind, *asked = pickle.loads(_next(connection))
        if kind == CLOSE:
            return _say(connection, _closed(writer))
        _say(connection, _written(connection, writer, told, *asked))


def _next(connection: Connection) -> bytes:
    try:
        return connection.recv_bytes()
    except (EOFError, OSError) as trouble:
        raise _Gone from trouble


def _say(connection: Connection, told: tuple[Any, ...]) -> None:
    try:
        connection.send(told)
    except OSError as trouble:
        raise _Gone from trouble


def _closed(writer: RunWriter) -> tuple[Any, ...]:
    """The answer to the wish to close: what goes wrong there must not be printed, it may hold a text."""
    try:
        writer.close()
    except BaseException as trouble:
        return FAILED, *_told(trouble)
    return (DONE,)


def _opened(open_sink: Callable[[], Sink], told: list[Any]) -> Sink:
    """The sink; what it tells of what it has written is for itself in the process that started this one."""
    sink = open_sink()
    if isinstance(sink, TellingSink):
        sink.tell = told.append
    return sink


def _written(connection: Connection, writer: RunWriter, told: list[Any], in_doubt: bool) -> tuple[Any, ...]:
    """The answer to a wish to write."""
    works = told_by(partial(_next, connection))
    try:
        tallies = writer.write(map(unpacked, works), in_doubt=in_doubt)
        written = [*told]
        told.clear()
        return DONE, tallies, writer.refused, written
    except _Gone:
        raise
    except BaseException as trouble:  # even a sink that exits must not end this
        deque(works, maxlen=0)  # all of it is read, whatever is wrong with some
        return FAILED, *_told(trouble)


def _told(trouble: BaseException) -> tuple[str, str]:
    if isinstance(trouble, Unbuildable):
        return OF_RUN, str(trouble)
    return (OF_SYSTEM, str(trouble)) if isinstance(trouble, OSError) else (OF_SINK, type(trouble).__name__)


def _die_with(parent: int) -> None:
    """End where the process that started this one has ended, however that happened."""
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


class _Teller(logging.Handler):
    """Has warnings logged where the pipeline's are; what nobody reads is not waited for."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(logging.WARNING)
        self._connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        """Say it, where there is room."""
        if select.select([], [self._connection], [], 0)[1]:
            with contextlib.suppress(OSError):
                self._connection.send((LOG, record.levelno, record.name, record.getMessage()))
