"""Say what an erasure did, and what it cannot do; kept without anything of whom it was about.

It is `DATA/erasures/<erasure>.json`: when, why, the runs as hashes, which files, what is beyond reach, and whether all
that is within it is gone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exporters.erasure.intent import in_order
from exporters.errors import BrokenFile
from exporters.privacy.exports_ledger import Export
from exporters.storage.files import write_file
from exporters.storage.layout import folder_name, short_id
from exporters.storage.writing.tombstones import FOLDER
from otel_tracking.erasure import Beyond, Removed, RunId

ALWAYS_BEYOND = (
    Beyond("backups", "copies of the data directory", "erase there, too, or let them expire; do not restore them here"),
    Beyond("viewers", "traces in Jaeger or another viewer", "let its storage expire, or delete these traces there"),
    Beyond("brokers", "messages in a Collector's queue or a broker", "let their retention expire, or purge the topic"),
    Beyond("copies", "documents and datasets that were passed on", "ask whoever has them to remove them"),
)
"""What nobody can reach from here, whatever was found."""


@dataclass(frozen=True, slots=True)
class FoundRuns:
    """What an erasure would remove: runs, their items, media files and documents with their bytes, and in which exports
    they are."""

    runs: frozenset[RunId] = frozenset()
    items: int = 0
    files: int = 0
    bytes: int = 0
    exports: tuple[Export, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReport:
    """What an erasure did; `erasure` is None where no run was found.

    `left` is what is still there and is not beyond it. Of one that was `resumed`, what had been removed before is not
    told.
    """

    erasure: str | None = None
    reason: str = ""
    decided_at: str = ""
    runs: frozenset[RunId] = frozenset()
    removed: tuple[Removed, ...] = ()
    beyond: tuple[Beyond, ...] = ()
    left: tuple[str, ...] = ()
    resumed: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing of the runs is left where this can reach."""
        return not self.left

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Files and bytes by place."""
        counts: dict[str, dict[str, int]] = {}
        for one in self.removed:
            count = counts.setdefault(one.place, {"files": 0, "bytes": 0})
            count["files"] += 1
            count["bytes"] += one.bytes
        return counts

    def to_dict(self) -> dict[str, Any]:
        """What it says, for programs; the runs are counted, not named."""
        return {
            "erasure": self.erasure,
            "complete": self.complete,
            "resumed": self.resumed,
            "runs": len(self.runs),
            "counts": self.counts,
            "beyond": [asdict(one) for one in self.beyond],
            "left": list(self.left),
        }

    def keep(self, data_dir: Path) -> None:
        """Put it beside the tombstones: no id, no name, and no path outside of the data in clear."""
        veil = _Veil(data_dir, self.runs)
        said = {
            "erasure": self.erasure,
            "reason": self.reason,
            "decided_at": self.decided_at,
            "complete": self.complete,
            "resumed": self.resumed,
            "runs": [sorted(run.tombstones) for run in in_order(self.runs)],
            "counts": self.counts,
            "removed": [{"place": one.place, "path": veil.path(one.path), "bytes": one.bytes} for one in self.removed],
            "beyond": [veil.beyond(one) for one in self.beyond],
            "left": [veil.path(path) for path in self.left],
        }
        content = json.dumps(said, indent=2, ensure_ascii=False) + "\n"
        write_file(data_dir / FOLDER / f"{self.erasure}.json", content.encode("utf-8", "surrogatepass"))


def kept_report(data_dir: str | Path, erasure: str) -> dict[str, Any] | None:
    """What `to_dict` said of an erasure, as it was kept: without ids and foreign paths. None where nothing was kept.

    >>> kept_report("/nowhere", "0e3a05610e3a0561")
    """
    path = Path(data_dir) / FOLDER / f"{erasure}.json"
    try:
        said = json.loads(path.read_bytes())
        known = {name: said[name] for name in ("erasure", "complete", "resumed", "counts", "beyond", "left")}
        return {**known, "runs": len(said["runs"])}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError) as trouble:
        raise BrokenFile(f"{path} cannot be read, which says what was erased: {trouble}", path) from trouble


class _Veil:
    """Puts hashes in the place of ids, and of paths that somebody outside has named."""

    def __init__(self, data_dir: Path, runs: Iterable[RunId]) -> None:
        self._data_dir = str(data_dir)
        self._hashes: dict[str, str] = {}
        for run in in_order(runs):
            shown = f"run-{min(run.tombstones)[:16]}"
            ids = [run.trace_id, run.execution_id, folder_name(run.execution_id), short_id(run.execution_id)]
            self._hashes |= {text: shown for text in ids if text}

    def path(self, path: str) -> str:
        if path.startswith(f"{self._data_dir}/"):
            inside = path.removeprefix(f"{self._data_dir}/")
            # A backend may have named a picture, or its folder, after what was asked for.
            return f"media/{_short(inside)}" if inside.startswith("media/") else self._text(inside)
        if "/" not in path:
            return self._text(path)
        return f"outside/{_short(path)}"

    def beyond(self, one: Beyond) -> dict[str, Any]:
        what = self.path(one.what)
        advice = one.advice.replace(one.what, what).replace(self._data_dir, "DATA")
        return {"place": one.place, "what": what, "advice": self._text(advice)}

    def _text(self, text: str) -> str:
        for said in sorted(self._hashes, key=len, reverse=True):
            text = text.replace(said, self._hashes[said])
        return text


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
