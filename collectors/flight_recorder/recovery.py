"""Find the journals of processes that died, and hand each of their runs out exactly once.

for dead in find_dead():
    if claimed := dead.claim():
        for run in claimed.runs():
            keep(run)                       # durable first,
            claimed.done(run.trace_id)      # then never handed out again
        claimed.release()
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from collectors.flight_recorder.dead_runs import DeadRun, RunIndex, index_runs, read_run
from collectors.flight_recorder.looking import Tell, owners_in, warn
from collectors.flight_recorder.ours import NotOurs, as_text
from collectors.flight_recorder.owner import Owner, Taken, take_hold, this_process
from collectors.flight_recorder.place import Unusable, base_directory, open_namespace
from collectors.flight_recorder.set_aside import SetAside, forget_segment
from collectors.flight_recorder.wiping import Wiped, wipe_runs
from otel_tracking.erasure import Step

logger = logging.getLogger(__name__)


def find_dead(directory: Path | str | None = None, *, namespace: str = "default", tell: Tell = warn) -> list[DeadOwner]:
    """Return the owners in this namespace whose process is gone; empty where there is no such directory.

    What lies there and is not this user's alone is told and left alone.
    """
    try:
        base = base_directory(directory)
        where = open_namespace(base, namespace)
        try:
            return [DeadOwner(base, namespace, found.owner, tell) for found in owners_in(where, tell) if found.is_gone]
        finally:
            where.leave()
    except NotOurs as error:
        tell(error.what)
    except (FileNotFoundError, Unusable):
        pass
    except (OSError, ValueError) as error:
        logger.warning("journals of dead processes cannot be listed: %s", error)
    return []


@dataclass(frozen=True)
class DeadOwner:
    """A directory of journals whose process is gone."""

    base: Path
    namespace: str
    owner: Owner
    tell: Tell = field(default=warn, compare=False)

    @property
    def directory(self) -> Path:
        """Where it lies."""
        return self.base / self.namespace / self.owner.name

    def claim(self) -> ClaimedJournals | None:
        """Make the journals this process's, or return None where somebody else was first."""
        taken = self.take()
        return ClaimedJournals(taken, self.tell) if taken else None

    def take(self) -> Taken | None:
        """Make the directory this process's, whatever is in it, or return None where somebody else was first."""
        try:
            return self._taken()
        except FileNotFoundError:
            return None
        except NotOurs as error:
            self.tell(error.what)
        except (OSError, Unusable) as error:
            logger.warning("%s cannot be claimed: %s", as_text(self.directory), error)
        return None

    def _taken(self) -> Taken | None:
        mine = this_process(token=self.owner.token)
        where = open_namespace(self.base, self.namespace)
        directory = where
        try:
            directory = where.directory(self.owner.name)
            held = take_hold(directory)
            if held is not None:
                # Should this fail, the descriptor stays open: another thread of this process was first, and closing
                # any descriptor of a file drops the lock which that thread has on it.
                directory.take_name(mine.name)
                return Taken(directory, mine, held)
        except BaseException:
            directory.leave()
            raise
        directory.leave()
        return None


class ClaimedJournals:
    """The runs a dead process left, this process's to recover."""

    def __init__(self, taken: Taken, tell: Tell = warn) -> None:
        self._taken = taken
        self._directory = taken.directory
        assert self._directory.parent is not None
        self._aside = SetAside(self._directory.parent, taken.owner.token)
        self._is_complete = False
        self._index = RunIndex()
        try:
            self._index = index_runs(self._directory, self._aside)
            self._is_complete = not self._aside.failed and not self._index.not_ours
        except OSError as error:
            logger.warning("%s cannot be read: %s", as_text(self._directory.path), error)
        for found in self._index.not_ours:
            tell(found.what)

    @property
    def set_aside(self) -> int:
        """Files and segments this version cannot read; they now lie in the namespace's `set-aside`."""
        return self._aside.count

    def runs(self) -> Iterator[DeadRun]:
        """Yield each run that is not done, its entries in the order they were appended."""
        for trace_id in tuple(self._index.runs):
            if trace_id in self._index.runs:
                yield read_run(self._index, trace_id)

    def done(self, trace_id: int) -> None:
        """Never hand this run out again, its record being durable; true from the moment this returns."""
        try:
            for place in self._index.segments_of(trace_id):
                forget_segment(place.directory, place.file, place.start)
            self._index.runs.pop(trace_id, None)
        except (OSError, NotOurs) as error:
            logger.warning("run %032x stays in its journal and will come again: %s", trace_id, error)

    def wipe(self, trace_ids: frozenset[int], step: Step) -> list[Wiped]:
        """Overwrite everything of these runs, and what is nobody's; raises OSError where it cannot be."""
        wiped = wipe_runs(self._directory, trace_ids, step)
        for trace_id in trace_ids:
            self._index.runs.pop(trace_id, None)
        return wiped

    def release(self) -> None:
        """Remove the journals if every run is done; else leave them to be claimed again."""
        self._taken.let_go(keep=bool(self._index.runs) or not self._is_complete)
