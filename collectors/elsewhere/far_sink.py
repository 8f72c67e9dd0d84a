"""The pipeline's end of a sink that has a process of its own: it hands runs over as they were recorded.

The interpreter of the pipeline then neither builds records nor writes them. A process that dies is started anew and
given again what it had not answered for; what it had written by then is not written twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from collectors.delivery.sinks import PortableSink, TellingSink, is_erased, refused_by
from collectors.elsewhere.channel import CannotStart, Channel, ChildDied
from collectors.elsewhere.messages import DONE, OF_RUN, OF_SYSTEM, Work
from collectors.elsewhere.writer import RunWriter, Tally
from collectors.forks import watch
from otel_tracking.errors import ToldTrouble, Unbuildable
from otel_tracking.record import ExecutionRecord

_log = logging.getLogger("otel_tracking")

MOST_STILLBORN = 3
"""Processes in a row that may end before they are ready; then the sink is served from here."""


class FarSink:
    """A sink elsewhere. `told` gets the tally of each record that was made of a run, once it is durable."""

    def __init__(self, sink: PortableSink, told: Callable[[Tally], None]) -> None:
        self.sink, self.name, self._told = sink, type(sink).__name__, told
        self.restarts = self._stillborn = 0
        self._refused = self._refused_before = 0
        self._channel: Channel | None = None
        self._here: RunWriter | None = None
        self._in_doubt: set[tuple[str | None, int]] = set()
        watch(self)

    def begin(self) -> None:
        """Start its process, before it is needed."""
        if self._channel is None and self._here is None:
            self._start()

    def write(self, work: Work) -> None:
        """Have one run, or a record that had been put aside, written."""
        self.write_all([work])

    def write_all(self, works: Sequence[Work]) -> None:
        """Have them written together. Raises `Unbuildable`, OSError, or `ToldTrouble` for what its sink raised."""
        keys = {_key_of(work) for work in works}
        # After a failure too: of the files of several days some may be there.
        in_doubt = not keys.isdisjoint(self._in_doubt)
        self._in_doubt |= keys
        tallies = self._write(works, in_doubt)
        self._in_doubt -= keys
        for tally in tallies:
            self._told(tally)

    @property
    def refused(self) -> int:
        """How many records of erased runs it took and did not keep."""
        return self._refused + refused_by(self.sink)

    def is_erased(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased."""
        return is_erased([self.sink], execution_id, trace_id)

    def health(self) -> dict[str, Any]:
        """Which process it is, and how often another had to be started."""
        return {"process": self._channel.pid if self._channel else None, "restarts": self.restarts}

    def close(self) -> None:
        """Have its process close it, and end."""
        channel, self._channel = self._channel, None
        try:
            if channel:
                channel.close()
        finally:
            self.sink.close()

    def after_fork(self) -> None:
        """In a forked child: the process is the parent's."""
        if self._channel:
            self._channel.leave()

    def _start(self) -> None:
        try:
            self._channel = Channel(self.sink.opener())
            self._stillborn = 0
        except (CannotStart, ChildDied) as trouble:
            self._stillborn += 1
            if isinstance(trouble, ChildDied) and self._stillborn < MOST_STILLBORN:
                raise
            _log.warning("%s has no process of its own (%s): its records are made in this one", self.name, trouble)
            self._here = RunWriter(lambda: self.sink)

    def _write(self, works: Sequence[Work], in_doubt: bool) -> list[Tally]:
        self.begin()
        if self._here:
            return self._here.write(works, in_doubt=in_doubt)
        try:
            return self._write_there(works, in_doubt)
        except ChildDied:
            self._bury()
        # Once more, together: what it wrote before it died is not written again.
        self.begin()
        try:
            return self._here.write(works, in_doubt=True) if self._here else self._write_there(works, True)
        except ChildDied:
            self._bury()
            raise

    def _write_there(self, works: Sequence[Work], in_doubt: bool) -> list[Tally]:
        assert self._channel is not None
        kind, *told = self._channel.write(works, in_doubt=in_doubt)
        if kind != DONE:
            raise _failure(*told)
        tallies, refused, written = told
        if isinstance(self.sink, TellingSink):
            for one in written:
                self.sink.hear(one)
        self._refused = self._refused_before + refused
        return list(tallies)

    def _bury(self) -> None:
        channel, self._channel = self._channel, None
        if channel:
            channel.end()
        self.restarts += 1
        self._refused_before = self._refused


def _key_of(work: Work) -> tuple[str | None, int]:
    """Which record it is or is to be: its trace id, and the revision."""
    trace_id = work.trace_id if isinstance(work, ExecutionRecord) else f"{work.spans[0].trace_id:032x}"
    return trace_id, work.revision


def _failure(kind: str, told: str) -> Exception:
    if kind == OF_RUN:
        return Unbuildable(told)
    return OSError(told) if kind == OF_SYSTEM else ToldTrouble(told)
