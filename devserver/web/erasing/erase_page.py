"""What the page shows that asks before an erasure, and the one that tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from devserver.web.erasing.erasures import ErasureState
from devserver.web.erasing.wishes import ErasureScope, ErasureWish, Origin
from exporters.erasure import FoundRuns, find
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.story.readable import size, visible_line
from otel_tracking.erasure import Place

_DOWNLOAD = "a download of "
"""How the report begins what it says of a file that a browser took home."""


class WouldGo(NamedTuple):
    """A choice of what to erase, how much that is, and why it cannot be chosen."""

    value: str
    runs: int
    items: int
    files: int
    size: str
    exports: list[str]
    downloads: int
    why_not: str = ""


def erase_page_values(row: ExecutionRow, origin: Origin, data_dir: Path, places: list[Place]) -> dict[str, Any]:
    """Everything that `erase.html` needs."""
    choices = [_would_go("run", find(data_dir, origin.meant(ErasureWish()), places))]
    if origin.field:
        theirs = find(data_dir, origin.meant(ErasureWish(ErasureScope.PERSON)), places)
        choices.append(_would_go("person", theirs))
        if origin.study_name:
            choices.append(_would_go("withdraw", theirs)._replace(why_not=origin.why_no_key))
    return {
        "row": row,
        "choices": choices,
        "field": origin.field,
        "person": visible_line(origin.person),
        "study_name": origin.study_name,
    }


def erasure_page_values(state: ErasureState, words: Mapping[str, str]) -> dict[str, Any]:
    """Everything that `erasure.html` needs."""
    report = state.report or {}
    removed = list(report.get("counts", {}).values())
    return {
        "state": state,
        "tone": "work" if not state.is_over else "good" if report.get("complete") else "bad",
        "runs": report.get("runs", 0),
        "files": sum(count["files"] for count in removed),
        "size": size(sum(count["bytes"] for count in removed)),
        "left": report.get("left", []),
        "beyond": [_beyond(one, words) for one in report.get("beyond", [])],
    }


def _would_go(value: str, found: FoundRuns) -> WouldGo:
    exports = [export.path for export in found.exports if export.path]
    return WouldGo(
        value,
        len(found.runs),
        found.items,
        found.files,
        size(found.bytes),
        list(map(visible_line, dict.fromkeys(exports))),
        len(found.exports) - len(exports),
    )


class OutOfReach(NamedTuple):
    """What an erasure cannot remove, and what to do there; a path is nobody's language."""

    what: str
    advice: str


def _beyond(one: Mapping[str, str], words: Mapping[str, str]) -> OutOfReach:
    """In the language of the page, where it has words for it."""
    what, place = one["what"], one["place"]
    if what.startswith(_DOWNLOAD):
        what = f"{words['beyond download']} {what.removeprefix(_DOWNLOAD).replace('T', ' ')[:16]} UTC"
    return OutOfReach(
        words.get(f"beyond {place}", visible_line(what)), words.get(f"advice {one['advice']}", one["advice"])
    )
