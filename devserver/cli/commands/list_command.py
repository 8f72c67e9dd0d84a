"""`otel-tracking list`: which runs are stored."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.options import data_option, is_chosen, json_option, selection_options
from devserver.cli.output import console, print_json
from devserver.cli.records import none_found
from devserver.cli.showing.terminal_words import STATUS_STYLES
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from exporters import ExecutionRow, list_executions
from exporters.storage.reading.damage import Damages
from exporters.story.readable import seconds

_SHOWN = [
    *("execution_id", "trace_id", "timestamp", "config_name", "status", "finish_reason", "outputs_generated"),
    *("total_execution_time", "used_seed", "execution_mode", "safety_level", "revision"),
    *("user_id", "session_id", "device_id", "study_id", "batch_id"),
]


@click.command("list")
@selection_options
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N runs.")
@data_option
@json_option
def command(data_dir: Path, as_json: bool, limit: int | None, **wanted: Any) -> int:
    """List the runs that are stored, latest first.

    Each line is one run: its id (which says when it was, UTC), its configuration, how it ended, how many outputs
    it made, how many items its record has and how long it took. Show one of them: otel-tracking show ID

    Ends with exit code 1 where no run is what was asked for, or a file cannot be read.
    """
    damages = Damages()
    rows = list_executions(data_dir, limit=limit, on_damage=damages, **wanted)
    if as_json:
        print_json({"executions": [_as_dict(row) for row in rows], "damaged": damages_as_dicts(damages)})
    elif rows:
        console().print(_table(rows))
    elif not is_chosen(wanted):
        say(f"No runs in {data_dir} yet. Make one: otel-tracking run stillepost 'Eine Blume'")
    if not rows and is_chosen(wanted):
        complain(none_found(data_dir, wanted))
    complain_of(damages)
    return FAILED if damages or (not rows and is_chosen(wanted)) else 0


def _as_dict(row: ExecutionRow) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in _SHOWN}
    plain = {name: value.value if isinstance(value, StrEnum) else value for name, value in known.items()}
    return {**plain, "timestamp": row.timestamp.isoformat(), "items": row.item_rows}


def _table(rows: list[ExecutionRow]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", caption=count(len(rows), "run"), caption_justify="left")
    table.add_column("execution", no_wrap=True, min_width=29)
    table.add_column("config", overflow="ellipsis", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("outputs", justify="right", no_wrap=True)
    table.add_column("items", justify="right", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True, min_width=6)
    times = Counter(row.execution_id for row in rows)
    for row in rows:
        # Two runs may have the same id; their traces tell them apart.
        is_double = times[row.execution_id] > 1
        table.add_row(*_cells(row, f"{row.execution_id} trace {row.trace_id}" if is_double else row.execution_id))
    return table


def _cells(row: ExecutionRow, name: str) -> tuple[Text, ...]:
    return (
        Text(safe_line(name)),
        Text(safe_line(row.config_name)),
        Text(safe_line(row.status), style=STATUS_STYLES.get(row.status, "")),
        Text(str(row.outputs_generated or "")),
        Text(str(row.item_rows)),
        Text(seconds(row.total_execution_time)),
    )
