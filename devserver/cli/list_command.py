"""`otel-tracking list`: which runs are stored."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from devserver.cli.options import data_option, json_option, read_moment
from devserver.cli.output import console, print_json
from devserver.cli.text import count, safe_line, seconds
from devserver.cli.words import STATUS_STYLES
from exporters import ExecutionRow, list_executions
from otel_tracking import Status

_SHOWN = [
    *("execution_id", "trace_id", "timestamp", "config_name", "status", "finish_reason", "outputs_generated"),
    *("total_execution_time", "used_seed", "execution_mode", "safety_level", "revision"),
    *("user_id", "session_id", "device_id", "study_id", "batch_id"),
]


@click.command("list")
@click.option("--config", "config_name", metavar="NAME", help="Only runs of this configuration.")
@click.option("--since", callback=read_moment, metavar="TIME", help="Only runs from then on: 2026-11-23, or today.")
@click.option("--until", callback=read_moment, metavar="TIME", help="Only runs before then.")
@click.option(
    "--status", type=click.Choice([status.value for status in Status]), help="Only runs that ended like this."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N runs.")
@data_option
@json_option
def command(data_dir: Path, as_json: bool, limit: int | None, **wanted: Any) -> None:
    """List the runs that are stored, latest first.

    Each line is one run: its id (which says when it was, UTC), its configuration, how it ended, how many outputs
    it made, how many items its record has and how long it took. Show one of them: otel-tracking show ID
    """
    rows = list_executions(data_dir, limit=limit, **wanted)
    if as_json:
        print_json({"executions": [_as_dict(row) for row in rows]})
    elif rows:
        console().print(_table(rows))
    else:
        filtered = " that match" if any(wanted.values()) else ""
        click.echo(f"No runs{filtered} in {data_dir} yet. Make one: otel-tracking run stillepost 'Eine Blume'")


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
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: ExecutionRow) -> tuple[Text, ...]:
    return (
        Text(safe_line(row.execution_id)),
        Text(safe_line(row.config_name)),
        Text(safe_line(row.status), style=STATUS_STYLES.get(row.status, "")),
        Text(str(row.outputs_generated or "")),
        Text(str(row.item_rows)),
        Text(seconds(row.total_execution_time)),
    )
