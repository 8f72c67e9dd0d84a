"""What an erasure is about: runs, places where something of them may lie, and what was removed or could not be."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from otel_tracking.record import ExecutionRecord

IsMeant = Callable[[ExecutionRecord], bool]
"""Whether a run is to be erased; asked of records, also of what there is so far of one that died or is under way."""


@dataclass(frozen=True, slots=True, order=True)
class RunId:
    """A run by its two ids; an imported one has no trace."""

    execution_id: str
    trace_id: str | None = None

    @property
    def tombstones(self) -> frozenset[str]:
        """What is kept of an erased run: SHA-256 of its ids, hex."""
        told = [f"execution:{self.execution_id}", *([f"trace:{self.trace_id}"] if self.trace_id else [])]
        return frozenset(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in told)


def traces_of(runs: Iterable[RunId]) -> frozenset[int]:
    """The trace ids of runs. A run without one came from a file, and its spans never were anywhere."""
    return frozenset(int(run.trace_id, 16) for run in runs if run.trace_id and _TRACE_ID.fullmatch(run.trace_id))


_TRACE_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Removed:
    """Something that was removed, or written anew without the runs: in which place, which file, its size in bytes."""

    place: str
    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Beyond:
    """Something that cannot be removed from here: in which place, what it is, and what to do there."""

    place: str
    what: str
    advice: str


Step = Callable[[str], None]
"""Told what is about to be done; tests end the process there."""


class Place(Protocol):
    """Where something of a run may lie. `name` is its word in reports, such as `dataset` or `journals`."""

    name: str

    def find(self, is_meant: IsMeant) -> Iterable[RunId]:
        """The runs here that are meant. Changes nothing."""

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterable[Removed | Beyond]:
        """Remove everything of these runs, and nothing of others; doing it again after a death finishes it."""

    def left(self, runs: frozenset[RunId]) -> Iterable[str]:
        """What is still here of these runs: paths. Nothing after `erase`, but for what it said is beyond it."""
