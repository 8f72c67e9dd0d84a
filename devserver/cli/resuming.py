"""Know which documents of an export are there already: whole, of this very revision, and made as they are wanted now.

The ledger of exports has the sha256 of each document, with what it was made of. A file that has it was written to its
end, with its media before it; any other, also one that somebody has changed since, is made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from exporters.privacy.exports_ledger import Export, ExportKind, ExportsLedger
from exporters.privacy.profiles import Profile
from exporters.privacy.studies import open_study, study_file
from exporters.privacy.way_out import WayOut
from exporters.storage.reading.execution_index import ExecutionRow
from otel_tracking.erasure import RunId

SHA256 = "sha256"


def sha256_of(document: bytes) -> str:
    """What the ledger keeps of a document."""
    return hashlib.sha256(document).hexdigest()


class AlreadyMade:
    """The documents that the ledger of a data directory knows below a directory, in one format."""

    def __init__(self, data_dir: Path, out: Path, format_name: str, way_out: WayOut) -> None:
        self._data_dir, self._way_out = data_dir, way_out
        self._changed: dict[Any, float] = {}
        self._exports: dict[RunId, list[Export]] = {}
        for export in ExportsLedger(data_dir).exports():
            if export.kind is ExportKind.DOCUMENT and export.format == format_name and _is_below(export, out):
                for run in export.runs:
                    self._exports.setdefault(run, []).append(export)

    def place_of(self, row: ExecutionRow, made_as: Mapping[str, Any]) -> Path | None:
        """Where the document of a run is; None where it has to be made."""
        for export in reversed(self._exports.get(RunId(row.execution_id, row.trace_id), [])):
            path = Path(export.path or "")
            is_meant = export.profile == self._way_out.profile and _without_sum(export.options) == made_as
            if is_meant and self._is_younger(export, row) and _has_sum(path, export.options.get(SHA256)):
                return path
        return None

    def _is_younger(self, export: Export, row: ExecutionRow) -> bool:
        """Whether its texts went through the rules that hold now: those of a study may have been changed since."""
        if self._way_out.profile is Profile.FULL:
            return True
        if row.study_id not in self._changed:
            self._changed[row.study_id] = _latest_change(self._rules_of(str(row.study_id)))
        return datetime.fromisoformat(export.time).timestamp() > self._changed[row.study_id]

    def _rules_of(self, study: str) -> Iterable[Path | None]:
        yield study_file(self._data_dir, study)
        yield open_study(self._data_dir, study).roster_path
        yield Path(self._way_out.roster) if self._way_out.roster else None


def _is_below(export: Export, out: Path) -> bool:
    return export.path is not None and Path(export.path).is_relative_to(out.absolute())


def _without_sum(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != SHA256}


def _has_sum(path: Path, sha256: Any) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and sha256_of(path.read_bytes()) == sha256
    except OSError:
        return False


def _changed_at(path: Path) -> float:
    """Also of a file that was put there with an earlier time."""
    found = path.stat()
    return max(found.st_mtime, found.st_ctime)


def _latest_change(paths: Iterable[Path | None]) -> float:
    return max((_changed_at(path) for path in paths if path is not None and path.exists()), default=0.0)
