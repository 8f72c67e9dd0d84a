"""Erase runs from the audit log: who did what stays, on which run goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from devserver.audit import FOLDER, LOGS, writing
from exporters.storage.files import replacing
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId

Step = Callable[[str], None]


class ErasableAudit:
    """The audit log of a data directory, its earlier files too. A place of an erasure, also beside a server at work."""

    name = "audit"

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def find(self, _: IsMeant) -> list[RunId]:
        """Nothing: a line says nothing of a run but its id."""
        return []

    def erase(self, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        """Take the ids of the runs out of every line that has one."""
        ids = {run.execution_id for run in runs}
        return [removed for log in LOGS for removed in self._erase_in(log, ids, step)] if self._folder.is_dir() else []

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The files with a line of one of the runs."""
        ids = {run.execution_id for run in runs}
        files = [path for log in LOGS for path in self._files(log)]
        return [str(path) for path in files if _without(path.read_bytes(), ids) != path.read_bytes()]

    def _erase_in(self, log: str, ids: set[str], step: Step) -> Iterator[Removed]:
        with writing(self._folder, log):
            for path in self._folder.glob(f".{log}.*.tmp"):
                path.unlink(missing_ok=True)  # a death left it: what it was to replace is still there
            for path in self._files(log):
                before = path.read_bytes()
                rest = _without(before, ids)
                if rest != before:
                    step(f"rewrite {path.name}")
                    with replacing(path) as file:
                        file.write(rest)
                        step(f"rename {path.name}")
                    yield Removed(self.name, str(path), len(before) - len(rest))

    def _files(self, log: str) -> list[Path]:
        return sorted(self._folder.glob(f"{log}.jsonl")) + sorted(self._folder.glob(f"{log}.*.jsonl"))


def _without(lines: bytes, ids: set[str]) -> bytes:
    return b"".join(_line_without(line, ids) for line in lines.splitlines(keepends=True))


def _line_without(line: bytes, ids: set[str]) -> bytes:
    """The line, without its run where that is one of these; as it is where it is no line of ours."""
    try:
        told: Any = json.loads(line)
    except ValueError:
        return line
    if not isinstance(told, dict) or told.get("execution_id") not in ids:
        return line
    return json.dumps({key: value for key, value in told.items() if key != "execution_id"}).encode() + b"\n"
