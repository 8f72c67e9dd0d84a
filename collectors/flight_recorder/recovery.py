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
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.flight_recorder.dead_runs import DeadRun, RunIndex, index_runs, read_run
from collectors.flight_recorder.owner import Owner, is_gone, read_owner, take_hold, this_process
from collectors.flight_recorder.place import SET_ASIDE, Unusable, base_directory, namespace_directory, remove
from collectors.flight_recorder.set_aside import SetAside, forget_segment

logger = logging.getLogger(__name__)


def find_dead(directory: Path | str | None = None, *, namespace: str = "default") -> list[DeadOwner]:
    """Return the owners in this namespace whose process is gone; empty where there is no such directory."""
    try:
        where = namespace_directory(base_directory(directory), namespace)
        return [DeadOwner(path, owner) for path, owner in _owners(where) if is_gone(path, owner)]
    except (FileNotFoundError, Unusable):
        return []
    except (OSError, ValueError) as error:
        logger.warning("journals of dead processes cannot be listed: %s", error)
        return []


@dataclass(frozen=True)
class DeadOwner:
    """A directory of journals whose process is gone."""

    directory: Path
    owner: Owner

    def claim(self) -> ClaimedJournals | None:
        """Make the journals this process's, or return None where somebody else was first."""
        try:
            mine = this_process(token=self.owner.token)
            descriptor = take_hold(self.directory)
            if descriptor is None:
                return None
            # Should this fail, the descriptor stays open: another thread of this process was first, and closing any
            # descriptor of a file drops the lock which that thread has on it.
            claimed = self.directory.rename(self.directory.with_name(mine.name))
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("%s cannot be claimed: %s", self.directory, error)
            return None
        return ClaimedJournals(claimed, mine, descriptor)


class ClaimedJournals:
    """The runs a dead process left, this process's to recover."""

    def __init__(self, directory: Path, owner: Owner, descriptor: int) -> None:
        self.directory = directory
        self._owner = owner
        self._descriptor: int | None = descriptor
        self._aside = SetAside(directory.parent / SET_ASIDE, owner.token)
        self._is_complete = False
        self._index = RunIndex()
        try:
            self._index = index_runs(directory, self._aside)
            self._is_complete = not self._aside.failed
        except OSError as error:
            logger.warning("%s cannot be read: %s", directory, error)

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
                forget_segment(place.path, place.start)
            self._index.runs.pop(trace_id, None)
        except OSError as error:
            logger.warning("run %032x stays in its journal and will come again: %s", trace_id, error)

    def release(self) -> None:
        """Remove the journals if every run is done; else leave them to be claimed again."""
        if self._descriptor is None:
            return
        try:
            if self._index.runs or not self._is_complete:
                self.directory.rename(self.directory.with_name(self._owner.given_up().name))
            else:
                remove(self.directory)
        except OSError as error:
            logger.warning("%s cannot be released: %s", self.directory, error)
        finally:
            os.close(self._descriptor)
            self._descriptor = None


def _owners(where: Path) -> Iterator[tuple[Path, Owner]]:
    for path in sorted(where.iterdir()):
        if owner := read_owner(path.name):
            yield path, owner
