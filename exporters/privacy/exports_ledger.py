"""Know where records went: one line of JSON for each export, so that an erasure finds them again.

    DATA/privacy/exports.jsonl     what, to where, which runs, under which profile

Lines are private, as the records are. An erasure rewrites the lines that concern it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from exporters.storage.files import append_lines, locked, write_file
from otel_tracking.erasure import RunId

FOLDER = "privacy"
_FILE, _LOCK = "exports.jsonl", ".exports.lock"


class ExportKind(StrEnum):
    """What was made."""

    DOCUMENT = "document"
    DATASET = "dataset"
    COLLECTION = "collection"
    MEDIA = "media"
    DOWNLOAD = "download"
    ANSWER = "answer"


_MADE_ANEW = frozenset({ExportKind.DATASET, ExportKind.COLLECTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export: its kind and format, the absolute path (None for one that left by the network or standard output),
    the runs in it, the profile and the study it was made under, and the options it can be made with again.
    """

    kind: ExportKind
    runs: tuple[RunId, ...]
    path: str | None = None
    format: str | None = None
    profile: str = "full"
    study: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    time: str = ""


class ExportsLedger:
    """The exports of one data directory. Several processes may write."""

    def __init__(self, data_dir: str | Path) -> None:
        self._folder = Path(data_dir) / FOLDER

    def note(self, *exports: Export) -> None:
        """Keep a line for each, durably. Raises `OSError` where that cannot be done: nothing leaves unseen."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        lines = "".join(_line(replace(export, time=export.time or now)) for export in exports)
        with locked(self._folder / _LOCK):
            append_lines(self._folder / _FILE, lines.encode("utf-8", "surrogatepass"))

    def exports(self) -> list[Export]:
        """All that is known, the first first; a line that was cut off by a death is left out."""
        try:
            content = (self._folder / _FILE).read_bytes()
        except FileNotFoundError:
            return []
        return [export for line in content.split(b"\n") if (export := _read(line))]

    def rewrite(self, change: Callable[[Export], Export | None]) -> None:
        """Have each line be what `change` makes of it; None removes it. What was made anew has one line."""
        with locked(self._folder / _LOCK):
            changed = [made for export in self.exports() if (made := change(export))]
            latest = {(one.kind, one.path): place for place, one in enumerate(changed) if one.kind in _MADE_ANEW}
            kept = [one for place, one in enumerate(changed) if latest.get((one.kind, one.path), place) == place]
            lines = "".join(map(_line, kept))
            write_file(self._folder / _FILE, lines.encode("utf-8", "surrogatepass"))


def run_ids(runs: Iterable[Any]) -> tuple[RunId, ...]:
    """The ids of records or of rows of a list."""
    return tuple(RunId(run.execution_id, run.trace_id) for run in runs)


def _line(export: Export) -> str:
    return json.dumps(asdict(export), ensure_ascii=False) + "\n"


def _read(line: bytes) -> Export | None:
    try:
        said = json.loads(line.decode("utf-8", "surrogatepass"))
        return Export(**{**said, "kind": ExportKind(said["kind"]), "runs": tuple(RunId(**run) for run in said["runs"])})
    except (ValueError, TypeError, KeyError):
        return None
