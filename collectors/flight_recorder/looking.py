"""Look at what owners keep in a namespace, dead ones and those at work, and change nothing.

A process that lives goes on writing while it is read. Nothing is locked for that: a segment is looked at before and
after (`dead_runs`), and never given to the same journal twice, so what was read in between is one run's; and a chunk
counts by what it is written last.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from collectors.flight_recorder.dead_runs import DeadRun, index_runs, read_run
from collectors.flight_recorder.ours import LeftAlone, NotOurs, OurDirectory
from collectors.flight_recorder.owner import Owner, is_gone, read_owner
from collectors.flight_recorder.place import Unusable, base_directory, open_namespace

logger = logging.getLogger(__name__)

Tell = Callable[[LeftAlone], None]


def warn(what: LeftAlone) -> None:
    """Say in the log what was left alone."""
    logger.warning("left alone: %s", what)


@dataclass(frozen=True)
class FoundOwner:
    """An owner's directory, open as long as the next one is not asked for, and whether its process is gone."""

    owner: Owner
    directory: OurDirectory
    is_gone: bool


@contextmanager
def namespace_of_journals(
    directory: Path | str | None, namespace: str, tell: Tell = warn
) -> Iterator[OurDirectory | None]:
    """The open directory of a namespace; None where there is none, or it is not ours, which is told."""
    where = None
    try:
        where = open_namespace(base_directory(directory), namespace)
    except NotOurs as error:
        tell(error.what)
    except (FileNotFoundError, Unusable):
        pass
    try:
        yield where
    finally:
        if where:
            where.leave()


def owners_in(where: OurDirectory, tell: Tell = warn) -> Iterator[FoundOwner]:
    """The owners in a namespace; what is not ours alone is told and left alone."""
    for name in where.names():
        owner = read_owner(name)
        if owner is None:
            continue
        try:
            with where.directory(name) as directory:
                yield FoundOwner(owner, directory, is_gone(directory, owner))
        except FileNotFoundError:
            continue  # its process has just ended, or somebody was first
        except NotOurs as error:
            tell(error.what)


def runs_in(directory: OurDirectory) -> Iterator[DeadRun]:
    """What there is of each run in an owner's directory, as far as it can be read at this moment."""
    index = index_runs(directory, None)
    for trace_id in index.runs:
        yield read_run(index, trace_id, quietly=True)
