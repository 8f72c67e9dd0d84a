"""Ask before a run leaves this machine whether its people have said yes, and once more when it has waited."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from collectors.delivery.sinks import Sink, lets_out, whose_are
from collectors.outbox.staying import Stays
from otel_tracking.environment import ALL, CONSENTED
from otel_tracking.errors import RecordingError
from otel_tracking.record import ExecutionRecord


class Whose(NamedTuple):
    """What is remembered of a run that waits: enough to ask again."""

    execution_id: str
    trace_id: str
    study_id: str | None
    user_id: str | None
    session_id: str | None
    device_id: str | None


LetsOut = Callable[[ExecutionRecord | Whose], bool]
"""Whether a run may leave, as things are now."""


class Consented:
    """Which runs may leave; those of no study always. May be shared by threads.

    What waits since before this process is of whom `stored` says, by trace ids. Where it says nothing, since it is not
    stored or no study asks, it goes as it was decided when it was kept.
    """

    def __init__(self, lets_out: LetsOut, stored: Callable[[Sequence[str]], Iterable[Any]]) -> None:
        self._lets_out, self._stored = lets_out, stored
        self._lock = threading.Lock()
        self._waiting: dict[str, Whose | None] = {}

    def takes(self, record: ExecutionRecord) -> bool:
        """Whether a record may be kept to be sent; whose it is is remembered until it is `gone`."""
        whose, trace_id = _whose(record), record.trace_id or ""
        may_leave = whose is None or self._lets_out(whose)
        with self._lock:
            # What waits of it already is asked about as this says.
            if may_leave or trace_id in self._waiting:
                self._waiting[trace_id] = whose
        return may_leave

    def meet(self, trace_ids: Iterable[str]) -> None:
        """Runs wait, perhaps since before this process: whose the unknown ones are is looked up for all at once."""
        with self._lock:
            unknown = [trace_id for trace_id in trace_ids if trace_id not in self._waiting]
        found = {run.trace_id: _whose(run) for run in (self._stored(unknown) if unknown else ())}
        with self._lock:
            for trace_id, whose in found.items():
                self._waiting.setdefault(trace_id, whose)

    def holds_back(self, trace_id: str) -> bool:
        """Whether a run that waits may not leave any more."""
        with self._lock:
            is_known = trace_id in self._waiting
            whose = self._waiting.get(trace_id)
        if not is_known:
            # Where none is found it is perhaps not stored yet, or its study asks from then on: it is asked again.
            self.meet([trace_id])
            with self._lock:
                whose = self._waiting.get(trace_id)
        return whose is not None and not self._lets_out(whose)

    def gone(self, trace_ids: Iterable[str]) -> None:
        """Runs have left, or wait no more."""
        with self._lock:
            for trace_id in trace_ids:
                self._waiting.pop(trace_id, None)


def why_stays(
    is_erased: Callable[[str | None, str | None], bool], consented: Consented | None, trace_id: str
) -> Stays | None:
    """Why a run that waits may not leave; None where it may."""
    if is_erased(None, trace_id):
        return Stays.ERASED
    return Stays.WITHHELD if consented and consented.holds_back(trace_id) else None


def asking(sinks: Sequence[Sink], runs: str) -> Consented | None:
    """What asks the sinks of a recording, for `research_runs`; None where nobody has to be asked.

    Raises `RecordingError` for what says neither.
    """
    if runs not in (CONSENTED, ALL):
        raise RecordingError(f"research_runs is {runs!r:.40}; {CONSENTED} or {ALL} would work")
    if runs == ALL:
        return None
    return Consented(partial(lets_out, list(sinks)), partial(whose_are, list(sinks)))


def _whose(run: Any) -> Whose | None:
    if run.study_id is None:
        return None
    return Whose(*(getattr(run, name) for name in Whose._fields))
