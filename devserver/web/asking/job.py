"""One request on its way: waiting, then running under an execution id, then over."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
import time
from dataclasses import replace

from devserver.requests import Request, Result
from otel_tracking.run import Execution


class Job:
    """A request, whose it is, from which room, and what becomes of it.

    `turn` says whose turn it takes in the queue, where that is another than its owner.
    """

    def __init__(
        self,
        request: Request,
        owner: str = "",
        ticket: str | None = None,
        asked_at: float | None = None,
        *,
        room: str = "",
        turn: str = "",
    ) -> None:
        self.ticket = ticket or f"ticket_{secrets.token_hex(8)}"
        self.request, self.owner, self.room = request, owner, room
        self.whose = turn or owner
        self.asked_at = time.time() if asked_at is None else asked_at
        self.cancel = threading.Event()
        self.started = threading.Event()
        self.done = threading.Event()
        self.execution_id: str | None = None
        self.trace_id: str | None = None
        self.result: Result | None = None
        self.error: Exception | None = None

    @property
    def name(self) -> str:
        """What it can be asked for by: the execution id as soon as there is one."""
        return self.execution_id or self.ticket

    @property
    def moment(self) -> dt.datetime:
        """When it was asked for."""
        return dt.datetime.fromtimestamp(self.asked_at, dt.UTC)

    @property
    def status(self) -> str:
        """`waiting`, `running`, or how it ended."""
        if self.done.is_set():
            return self.result.status if self.result else "error"
        return "running" if self.started.is_set() else "waiting"

    def begin(self, execution: Execution) -> None:
        """Take the ids of the execution; what `Pipeline.run` calls when the run begins."""
        self.execution_id, self.trace_id = execution.execution_id, execution.trace_id
        self.started.set()

    def end(self, result: Result | None, error: Exception | None) -> None:
        """Keep what came of it, without the media: they are in the record."""
        outputs = tuple(replace(output, files=()) for output in result.outputs) if result else ()
        self.result, self.error = replace(result, outputs=outputs) if result else None, error
        self.request = replace(self.request, images=())
        self.started.set()
        self.done.set()
