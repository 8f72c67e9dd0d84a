"""The runs of a server by its own ids: to which trace each goes, over requests, threads, pauses and restarts.

A run that is open is gone on with; one that has ended (it was idle, was complete, was aborted, or its server was
restarted) is gone on with in another execution, which `continues` it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from otel_tracking.errors import Troubles
from otel_tracking.migration.home import Home, home
from otel_tracking.migration.recorder.run_ids import Remembered, RunIds
from otel_tracking.migration.recorder.telling import Telling
from otel_tracking.migration.recorder.upkeep import Upkeep
from otel_tracking.run import Execution

RUN_ID, ENDED_IDLE = "run_id", "ended_idle"
"""Where a record says what its server calls the run; and the fact that says why a run nobody ended is over."""


class RunRules(NamedTuple):
    """When runs end by themselves, and where it is written down which they were.

    `idle_seconds` after the last thing that was saved a run ends; `most_open` runs are open, of more the one that was
    idle the longest ends. `run_ids` remembers them over a restart of the server; without one nothing does.
    """

    idle_seconds: float = 1_800.0
    most_open: int = 200
    most_known: int = 4_096
    run_ids: RunIds | None = None


class RunHead(NamedTuple):
    """What a server says of a run when it begins."""

    config_name: str = "unknown"
    execution_mode: str | None = None
    safety_level: str | None = None
    user_id: str | None = None
    device_id: str | None = None


class ServerRun:
    """One run of a server by its own id; its executions come one after the other. Threads take turns."""

    def __init__(self, runs: ServerRuns, run_id: str, head: RunHead, continues: str | None) -> None:
        self.run_id, self.head, self.continues = run_id, head, continues
        self.lock = threading.RLock()
        self.touched_at = runs.clock()
        self.telling: Telling | None = None
        self._runs = runs

    @property
    def execution(self) -> Execution | None:
        """The execution that is open, or the last one."""
        return self.telling.run if self.telling else None

    @property
    def is_open(self) -> bool:
        """Whether an execution is under way."""
        return self.telling is not None and not self.telling.is_over

    def begin(self) -> Telling:
        """The execution that is under way; a new one where none is."""
        with self.lock:
            self.touched_at = self._runs.clock()
            if self.telling is None or self.telling.is_over:
                self.telling = self._runs.open(self)
            return self.telling

    def tell(self, what: Callable[[Telling], None]) -> None:
        """Say something of the run that is under way."""
        with self.lock:
            telling = self.begin()
            what(telling)
            telling.touch()

    def end(self) -> None:
        """End the execution that is open; what is saved later is another one's, which continues it."""
        with self.lock:
            if self.is_open and self.telling:
                self.telling.end()

    def abort(self, reason: str) -> None:
        """A person or a server stopped this: the record will say `cancelled`."""
        with self.lock:
            if self.is_open and self.telling:
                self.telling.abort(reason)

    def end_idle(self, seconds: float) -> None:
        """End a run in which nothing was saved for so long."""
        with self.lock:
            idle = self._runs.clock() - self.touched_at
            if self.is_open and self.telling and idle >= seconds:
                self.telling.run.fact(ENDED_IDLE, {"idle_seconds": round(idle, 3)})
                self.telling.end_when_last_touched()


class ServerRuns:
    """All runs of a server that are known here."""

    def __init__(
        self,
        rules: RunRules | None = None,
        *,
        find_home: Callable[[], Home] = home,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rules = rules or RunRules()
        self.clock, self._find_home = clock, find_home
        self.troubles = Troubles()
        seconds = max(0.1, min(30.0, self.rules.idle_seconds / 4))
        self._upkeep = Upkeep("otel-tracking runs", self.end_idle, seconds, self._note)
        self._lock = threading.Lock()
        self._runs: dict[str, ServerRun] = {}

    def find(self, run_id: str) -> ServerRun | None:
        """The run of that id, where it was begun or found in this process."""
        return self._runs.get(run_id)

    def take(self, run_id: str, head: RunHead, *, continues: str | None = None) -> ServerRun:
        """The run of that id; a new one where it is not known. `continues` is the server's id of the run before it."""
        if run_id not in self._runs:
            self._make_room()
        with self._lock:
            return self._runs.setdefault(run_id, ServerRun(self, run_id, head, continues))

    def open(self, run: ServerRun) -> Telling:
        """Begin an execution of a run."""
        tracker = self._find_home().tracker
        self.troubles = tracker.troubles
        head = {name: value for name, value in run.head._asdict().items() if value is not None}
        before = self._before(run)
        execution = tracker.execution(**head, continues=before, metadata={RUN_ID: run.run_id})
        if self.rules.run_ids is not None:
            self._upkeep.put(partial(self._write_down, self.rules.run_ids, run, execution, before is not None))
        else:
            self._upkeep.start()
        return Telling(execution)

    def end_idle(self) -> None:
        """End the runs in which nothing was saved for too long."""
        now = self.clock()
        for run in list(self._runs.values()):
            if run.is_open and now - run.touched_at >= self.rules.idle_seconds:
                run.end_idle(self.rules.idle_seconds)

    def settle(self, timeout: float = 5.0) -> bool:
        """Wait until everything that has begun is written down."""
        return self._upkeep.settle(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """End the thread; runs that are open stay so, and a later process goes on with them in another execution."""
        self._upkeep.stop(timeout)

    def _before(self, run: ServerRun) -> str | None:
        """The execution that a run goes on with, as far as memory has it."""
        earlier = run if run.telling or not run.continues else self._runs.get(run.continues)
        return earlier.telling.run.execution_id if earlier and earlier.telling else None

    def _write_down(self, run_ids: RunIds, run: ServerRun, execution: Execution, is_linked: bool) -> None:
        """On a thread of our own: what the run was before this process, if that was not known, and what it is now."""
        ids = [run.run_id] if run.continues is None else [run.run_id, run.continues]
        earlier = None if is_linked else next(filter(None, map(run_ids.latest, ids)), None)
        if earlier is not None and earlier.execution_id != execution.execution_id:
            execution.amend(continues=earlier.execution_id)
        run_ids.add(Remembered(run.run_id, execution.execution_id, execution.trace_id, time.time()))

    def _note(self, kind: str, trouble: BaseException) -> None:
        self.troubles.note(kind, trouble)

    def _make_room(self) -> None:
        """End or forget what was idle the longest, where one more would be too many."""
        by_age = sorted(self._runs.values(), key=lambda run: run.touched_at)
        open_runs = [run for run in by_age if run.is_open]
        for run in open_runs[: max(0, len(open_runs) + 1 - self.rules.most_open)]:
            run.end_idle(0.0)
        ended = [run for run in by_age if not run.is_open]
        for run in ended[: max(0, len(by_age) + 1 - self.rules.most_known)]:
            self._runs.pop(run.run_id, None)
