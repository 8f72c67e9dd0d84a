"""`otel-tracking show`: one run, as its journey, its tree or its record."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from devserver.cli.drawing import draw_heading, draw_row
from devserver.cli.options import data_option, json_option
from devserver.cli.output import console, print_json
from devserver.cli.records import load
from devserver.cli.rows import row_of, stage_title
from devserver.cli.text import count, safe_line, seconds
from devserver.cli.tree import tree_of
from devserver.cli.words import STATUS_SENTENCES, STATUS_STYLES
from otel_tracking import ExecutionItem, ExecutionRecord


@click.command("show")
@click.argument("execution", metavar="ID")
@click.option("--tree", "as_tree", is_flag=True, help="Show the spans as a tree, with every attempt and item.")
@data_option
@json_option
def command(execution: str, data_dir: Path, as_tree: bool, as_json: bool) -> None:
    """Show one run: what was asked, what it became hop by hop, what was made.

    ID is an execution id, its last 8 characters, its beginning, or a trace id; `otel-tracking list` has them.
    """
    record = load(data_dir, execution)
    if as_json:
        print_json(record.to_dict())
        return
    screen = console()
    draw_head(screen, record)
    if as_tree:
        screen.print()
        screen.print(tree_of(record))
    else:
        draw_journey(screen, record)


def draw_head(screen: Console, record: ExecutionRecord) -> None:
    """What the run was and how it ended."""
    status = safe_line(record.status)
    line = Text(safe_line(record.execution_id), style="bold")
    line.append(f"  {safe_line(record.config_name)}  ")
    line.append(status, style=STATUS_STYLES.get(record.status, ""))
    screen.print(line)
    screen.print(Text(_facts(record), style="dim"))
    if status in STATUS_SENTENCES and status != "completed":
        screen.print(Text(STATUS_SENTENCES[status]))


def draw_journey(screen: Console, record: ExecutionRecord) -> None:
    """The items in order, under the stage they belong to."""
    shown = [item for item in record.items if row_of(item.to_dict())]
    for (stage, loop_iteration), items in groupby(shown, key=_stage_of):
        together = list(items)
        draw_heading(screen, stage_title(stage, loop_iteration, _config_of(together)))
        for item in together:
            row = row_of(item.to_dict())
            if row:
                draw_row(screen, row)


def _facts(record: ExecutionRecord) -> str:
    known: dict[str, Any] = {
        "mode": record.execution_mode,
        "safety": record.safety_level,
        "seed": record.used_seed,
        "revision": record.revision if record.revision > 1 else None,
    }
    parts = [
        f"{record.timestamp:%Y-%m-%d %H:%M:%S} UTC",
        seconds(record.total_execution_time),
        f"{count(len(record.items), 'item')}, {count(len(record.spans), 'span')}",
        *(f"{name} {safe_line(value)}" for name, value in known.items() if value is not None),
    ]
    return " · ".join(part for part in parts if part)


def _stage_of(item: ExecutionItem) -> tuple[int | None, int | None]:
    return item.stage, item.loop_iteration


def _config_of(items: list[ExecutionItem]) -> Any:
    return next((item.config_used for item in items if item.config_used and item.loop_iteration is not None), None)
