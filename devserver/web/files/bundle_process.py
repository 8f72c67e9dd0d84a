"""Make a bundle of runs in a process of its own: an order comes in, and how it is getting on goes out, line by line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exporters.collections import CollectionOptions
from exporters.collections.making import make_collection
from exporters.errors import StorageError
from exporters.privacy.way_out import open_way_out
from exporters.storage.reading.damage import Damages
from otel_tracking.erasure import RunId
from otel_tracking.extras import MissingExtra

_NICE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOrder:
    """A bundle that is wanted: of which runs, in which format and how, and how much of them leaves.

    `options` are those of a collection that are not the usual ones.
    """

    data_dir: str
    out: str
    format_name: str
    runs: Sequence[tuple[str, str | None]]
    profile: str
    options: Mapping[str, Any]
    with_marked: bool

    def to_json(self) -> str:
        """As text on one line; odd paths too."""
        return json.dumps(asdict(self))


def order_of_json(text: str) -> BundleOrder:
    """The order that was written so."""
    said = json.loads(text)
    return BundleOrder(**{**said, "runs": [(execution_id, trace_id) for execution_id, trace_id in said["runs"]]})


def carry_out(order: BundleOrder) -> dict[str, Any]:
    """Make the bundle; what came of it, for the one who ordered."""
    way_out = open_way_out(order.data_dir, order.profile, with_marked=order.with_marked)
    damages = Damages()
    try:
        made = make_collection(
            order.data_dir,
            Path(order.out),
            order.format_name,
            options=CollectionOptions(**order.options),
            way_out=way_out,
            executions=[RunId(*run) for run in order.runs],
            progress=lambda done, of: _tell({"done": done, "of": of}),
            on_damage=damages,
        )
    except (StorageError, MissingExtra, OSError) as trouble:
        return {"trouble": str(trouble), "kept_back": way_out.kept_back}
    return {"runs": made.runs, "kept_back": way_out.kept_back, "damaged": len(damages.paths)}


def main() -> None:
    """Carry out the order on the standard input."""
    os.nice(_NICE)
    order = order_of_json(sys.stdin.readline())
    try:
        _tell(carry_out(order))
    except Exception as error:  # it may say what a child wrote
        _tell({"trouble": type(error).__name__})


def _tell(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
