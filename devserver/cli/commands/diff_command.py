"""`otel-tracking diff`: what is different between two runs?"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from devserver.cli.complaints import FAILED
from devserver.cli.options import json_option
from devserver.cli.output import console, print_json
from devserver.cli.records import load
from devserver.cli.showing.differences import draw_differences, draw_times, summary
from devserver.cli.showing.terminal_words import STATUS_STYLES
from devserver.cli.showing.text import safe_line
from devserver.cli.tables import reads_tables, table_options
from devserver.diff import compare
from exporters.storage.writing.media import load_media
from exporters.story.readable import seconds
from otel_tracking import ExecutionRecord


@click.command("diff")
@click.argument("left", metavar="ID")
@click.argument("right", metavar="ID")
@click.option("--all", "everything", is_flag=True, help="Also show what only repeats a difference that was shown.")
@table_options
@json_option
@reads_tables(texts=["left", "right"])
def command(left: str, right: str, data_dir: Path, everything: bool, as_json: bool) -> int:
    """Say what differs between two runs: texts, parameters, models, pictures and sounds.

    Items and attempts are compared that stand at the same place: stage, hop, output. Texts are compared word by
    word, pictures pixel by pixel, sounds sample by sample. Times are always shown and never count as a difference,
    nor do ids. Ends with exit code 0 where the runs are the same, 1 where they differ, 2 where they cannot be found.
    """
    one, other = (load_media(data_dir, load(data_dir, text)) for text in (left, right))
    comparison = compare(one, other)
    if as_json:
        print_json(comparison.to_dict())
    else:
        screen = console()
        draw_sides(screen, one, other)
        draw_differences(screen, comparison, everything=everything)
        draw_times(screen, comparison, everything=everything)
        screen.print()
        screen.print(Text(summary(comparison), style="bold green" if comparison.is_same else "bold yellow"))
    return 0 if comparison.is_same else FAILED


def draw_sides(screen: Console, left: ExecutionRecord, right: ExecutionRecord) -> None:
    """Which run is on which side."""
    for sign, record in (("left ", left), ("right", right)):
        line = Text(f"{sign}  {safe_line(record.execution_id)}", style="bold")
        line.append(f"  {safe_line(record.config_name)}  ", style="not bold")
        line.append(safe_line(record.status), style=f"not bold {STATUS_STYLES.get(record.status, '')}".strip())
        line.append(f"  {seconds(record.total_execution_time)}", style="not bold dim")
        screen.print(line)
