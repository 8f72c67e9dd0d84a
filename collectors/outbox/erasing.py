"""Erase runs from an outbox: from the folder of each process, and from what was refused."""

from __future__ import annotations

from pathlib import Path

from collectors.outbox.boxes import REFUSED, folders_of, process_of
from collectors.outbox.media_store import ErasableMedia
from collectors.receiving.erasing import ErasableSpool
from otel_tracking.erasure import Beyond, IsMeant, Place, Removed, RunId, Step


class ErasableOutbox:
    """What waits in an outbox, `DATA/outbox` where a DevServer has it. A place of an erasure.

    What a process at work has is its own: it lets go of it within half a minute, also while its gateway is away.
    """

    name = "outbox"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, is_meant: IsMeant) -> list[RunId]:
        """The runs here that are meant."""
        return sorted({run for spool in self._spools() for run in spool.find(is_meant)})

    def erase(self, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        """Write the files that hold something of the runs without it, but for those of processes at work."""
        return [one for spool in self._spools() for one in spool.erase(runs, step)]

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The files in which there is something of the runs still."""
        return [path for spool in self._spools() for path in spool.left(runs)]

    def _spools(self) -> list[ErasableSpool]:
        refused = self._directory / REFUSED
        return [_Box(path) for path in (*folders_of(self._directory), *([refused] if refused.is_dir() else []))]


class _Box(ErasableSpool):
    name = "outbox"

    def _at_work(self, directory: Path) -> Beyond:
        who = f"process {process_of(directory) or 'unknown'}"
        advice = "it lets go of them within half a minute; or end it, and erase again"
        return Beyond(self.name, f"{who} sends what is in {directory} and has some of the runs there", advice)


def places_of_outbox(directory: Path) -> list[Place]:
    """Where runs may lie that wait for a research programme."""
    return [ErasableOutbox(directory), ErasableMedia(directory)]
