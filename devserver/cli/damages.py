"""Say what of the store could not be read, once for each file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from devserver.cli.complaints import complain
from devserver.cli.showing.text import count
from exporters.errors import listed
from exporters.storage.reading.damage import Damage


def complain_of(damages: Iterable[Damage]) -> None:
    """Each damaged file on stderr, with the runs that are left out for it."""
    for entry in damages_as_dicts(damages):
        runs = entry["executions"]
        missing = f". Without it: {count(len(runs), 'run')}: {listed(runs, limit=5)}" if runs else ""
        complain(f"{entry['sentence']}{missing}")


def damages_as_dicts(damages: Iterable[Damage]) -> list[dict[str, Any]]:
    """The damaged files, each with one sentence and the execution ids that miss it."""
    by_path: dict[str, dict[str, Any]] = {}
    for damage in damages:
        path = str(damage.path)
        entry = by_path.setdefault(path, {"path": path, "sentence": damage.sentence, "executions": []})
        if damage.execution_id and damage.execution_id not in entry["executions"]:
            entry["executions"].append(damage.execution_id)
    return list(by_path.values())
