"""Keep what was decided to be erased until it is: whoever finds it goes on from there.

It is `DATA/erasures/erasing.json`, with the ids of the runs, and there only as long as the erasure takes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from exporters.errors import BrokenFile
from exporters.storage.files import remove, write_file
from exporters.storage.writing.tombstones import FOLDER
from otel_tracking.erasure import RunId

_FILE = "erasing.json"


@dataclass(frozen=True, slots=True)
class Intent:
    """An erasure that was decided and is not done: its id, why, when, and the runs."""

    erasure: str
    reason: str
    decided_at: str
    runs: frozenset[RunId]

    def with_runs(self, more: Collection[RunId]) -> Intent:
        """The same erasure, of more runs."""
        return Intent(self.erasure, self.reason, self.decided_at, self.runs | frozenset(more))

    def put_down(self, data_dir: Path) -> None:
        """Have it survive this process, and a power cut."""
        said = {**asdict(self), "runs": [asdict(run) for run in in_order(self.runs)]}
        write_file(data_dir / FOLDER / _FILE, json.dumps(said).encode())

    def drop(self, data_dir: Path) -> None:
        """It is done."""
        remove([data_dir / FOLDER / _FILE])


def in_order(runs: Iterable[RunId]) -> list[RunId]:
    """Runs in the order of their ids, also where some have no trace."""
    return sorted(runs, key=lambda run: (run.execution_id, run.trace_id or ""))


def pending(data_dir: str | Path) -> Intent | None:
    """The erasure that was begun in a data directory and is not done; None where there is none.

    >>> pending("/nowhere")
    """
    path = Path(data_dir) / FOLDER / _FILE
    try:
        said = json.loads(path.read_bytes())
        runs = frozenset(RunId(**run) for run in said["runs"])
        return Intent(said["erasure"], said["reason"], said["decided_at"], runs)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError) as trouble:
        raise BrokenFile(f"{path} cannot be read, which says what was to be erased: {trouble}", path) from trouble
