"""`otel-tracking list`: which runs are stored."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.options import is_chosen, json_option, selection_options
from devserver.cli.output import console, print_json
from devserver.cli.records import none_found
from devserver.cli.showing.long_table import drawn
from devserver.cli.showing.terminal_words import STATUS_STYLES
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.cli.tables import reads_tables, table_options
from exporters import ExecutionRow, each_execution
from exporters.remarks.book import RemarkBook
from exporters.remarks.store import RemarkStore, readable_remarks
from exporters.storage.reading.damage import Damages
from exporters.story.readable import seconds

_SHOWN = [
    *("execution_id", "trace_id", "timestamp", "config_name", "status", "finish_reason", "outputs_generated"),
    *("total_execution_time", "used_seed", "execution_mode", "safety_level", "revision"),
    *("user_id", "session_id", "device_id", "study_id", "batch_id"),
]


@click.command("list")
@selection_options
@click.option("--marked/--unmarked", "is_marked", default=None, help="Only runs that are marked, or that are not.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N runs.")
@table_options
@json_option
@reads_tables(whole=False)
def command(data_dir: Path, as_json: bool, limit: int | None, is_marked: bool | None, **wanted: Any) -> int:
    """List the runs that are stored, latest first.

    Each line is one run: its id (which says when it was, UTC), its configuration, how it ended, how many outputs
    it made, how many items its record has and how long it took; and its marks, where any run has some. Show one of
    them: otel-tracking show ID

    Ends with exit code 1 where no run is what was asked for, or a file cannot be read.
    """
    damages = Damages()
    store = RemarkStore(data_dir)
    book = store.read() if is_marked is not None else readable_remarks(store, damages)
    found = each_execution(data_dir, on_damage=damages, **wanted)
    rows = list(islice((row for row in found if is_marked in (None, bool(book.of(row).marks))), limit))
    if is_marked is not None:
        wanted["marked"] = "yes" if is_marked else "no"
    if as_json:
        print_json({"executions": [_as_dict(row, book) for row in rows], "damaged": damages_as_dicts(damages)})
    elif rows:
        show = console()
        show.print(drawn(_table(rows, book), show), crop=False)
    elif not is_chosen(wanted):
        say(f"No runs in {data_dir} yet. Make one: otel-tracking run stillepost 'Eine Blume'")
    if not rows and is_chosen(wanted):
        complain(none_found(data_dir, wanted))
    complain_of(damages)
    return FAILED if damages or (not rows and is_chosen(wanted)) else 0


def _as_dict(row: ExecutionRow, book: RemarkBook) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in _SHOWN}
    plain = {name: value.value if isinstance(value, StrEnum) else value for name, value in known.items()}
    marks = [mark.value for mark in book.of(row).marks]
    return {**plain, "timestamp": row.timestamp.isoformat(), "items": row.item_rows, "marks": marks}


def _table(rows: list[ExecutionRow], book: RemarkBook) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", caption=count(len(rows), "run"), caption_justify="left")
    table.add_column("execution", no_wrap=True, min_width=29)
    table.add_column("config", overflow="ellipsis", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("outputs", justify="right", no_wrap=True)
    table.add_column("items", justify="right", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True, min_width=6)
    has_marks = any(book.of(row).marks for row in rows)
    if has_marks:
        table.add_column("marks", no_wrap=True)
    times = Counter(row.execution_id for row in rows)
    for row in rows:
        # Two runs may have the same id; their traces tell them apart.
        is_double = times[row.execution_id] > 1
        cells = _cells(row, f"{row.execution_id} trace {row.trace_id}" if is_double else row.execution_id)
        marks = (Text(", ".join(book.of(row).marks), style="yellow"),) if has_marks else ()
        table.add_row(*cells, *marks)
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
