"""Start the process of a sink and speak with it, one question at a time."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.spawn import get_executable
from typing import Any

from collectors.delivery.sinks import Sink
from collectors.elsewhere.messages import CANNOT, CLOSE, DONE, LOG, OPEN, WRITE, Work, messages_of
from otel_tracking.errors import ToldTrouble

_END_SECONDS = 5.0
"""How long a process may take to close its sink once it was asked to."""

_PROGRAM = """import sys
sys.path[:] = {path!r}
from collectors.elsewhere.child import main
main({descriptor}, {parent})"""


class ChildDied(OSError):
    """The process of a sink has ended in the middle of a question; what it was given may be written or not."""


class CannotStart(Exception):
    """There is no such process to be had here."""


class Channel:
    """A process that has the sink which `open_sink` opens.

    Raises `CannotStart` where there is none to be had, and `ChildDied` where it ended before it was ready.
    """

    def __init__(self, open_sink: Callable[[], Sink]) -> None:
        self._connection, theirs = Pipe()
        try:
            with theirs:
                self._process = _start(theirs)
        except (OSError, ValueError) as trouble:
            self.leave()
            raise CannotStart(f"{type(trouble).__name__}: {trouble}") from trouble
        try:
            self._connection.send((OPEN, open_sink))
            answer = self._answer()
        except (EOFError, ConnectionError) as trouble:
            told = f"the process that writes ended before it was ready ({self._how_it_ended()})"
            self.end()
            raise ChildDied(told) from trouble
        except (OSError, ValueError, pickle.PicklingError, AttributeError, TypeError) as trouble:
            self.end()
            raise CannotStart(f"{type(trouble).__name__}: {trouble}") from trouble
        if answer[0] == CANNOT:
            self.end()
            raise CannotStart(answer[1])

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def write(self, works: Sequence[Work], *, in_doubt: bool) -> tuple[Any, ...]:
        """What it answers to the wish to write these. Raises `ChildDied`."""
        try:
            self._connection.send((WRITE, in_doubt))
            for message in messages_of(works):
                self._connection.send_bytes(message)
            return self._answer()
        except (EOFError, ConnectionError) as trouble:
            raise ChildDied(f"the process that writes has ended ({self._how_it_ended()})") from trouble

    def close(self) -> None:
        """Have it close its sink and end. Raises `ToldTrouble` where the sink could not be closed."""
        answer: tuple[Any, ...] = (DONE,)
        with contextlib.suppress(EOFError, OSError):
            self._connection.send((CLOSE,))
            answer = self._answer() if self._connection.poll(_END_SECONDS) else answer
        self.end(_END_SECONDS)
        if answer[0] != DONE:
            raise ToldTrouble(answer[-1])

    def end(self, seconds: float = 0.0) -> None:
        """Wait for its end, and end it where it takes longer than that."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._connection.close()

    def leave(self) -> None:
        """In a forked child: it is the parent's, which alone may hold the other end."""
        self._connection.close()

    def _answer(self) -> tuple[Any, ...]:
        while True:
            answer: tuple[Any, ...] = self._connection.recv()
            if answer[0] != LOG:
                return answer
            _, level, name, text = answer
            logging.getLogger(name).log(level, "%s", text)

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return "it closed its end"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _start(theirs: Connection) -> subprocess.Popen[bytes]:
    descriptor = theirs.fileno()
    program = _PROGRAM.format(path=sys.path, descriptor=descriptor, parent=os.getpid())
    executable = os.fsdecode(get_executable())
    # The last word is for whoever lists processes. What it prints is nobody's; what it has to say in its last moment is
    # told where the pipeline's errors are.
    command = [executable, "-c", program, "otel-tracking: makes and writes records"]
    return subprocess.Popen(command, pass_fds=[descriptor], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
