"""`otel-tracking show`: one run, as its journey, its tree or its record."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from devserver.cli.damages import complain_of
from devserver.cli.options import json_option
from devserver.cli.output import console, print_json
from devserver.cli.records import load
from devserver.cli.showing.drawing import draw_heading, draw_row
from devserver.cli.showing.rows import row_of, stage_title
from devserver.cli.showing.terminal_words import STATUS_SENTENCES, STATUS_STYLES
from devserver.cli.showing.text import count, safe_line, safe_text
from devserver.cli.showing.tree import tree_of
from devserver.cli.tables import reads_tables, table_options
from exporters.remarks.annotated import with_remarks
from exporters.remarks.store import RemarkStore, readable_remarks
from exporters.storage.reading.damage import Damages
from exporters.story.parts import Box, joined
from exporters.story.story import Story
from exporters.story.storyteller import story_of
from otel_tracking import Status


@click.command("show")
@click.argument("execution", metavar="ID")
@click.option("--tree", "as_tree", is_flag=True, help="Show the spans as a tree, with every attempt and item.")
@table_options
@json_option
@reads_tables(texts=["execution"])
def command(execution: str, data_dir: Path, as_tree: bool, as_json: bool) -> None:
    """Show one run: what was asked, what it became hop by hop, what was made.

    ID is an execution id, its last 8 characters, its beginning, or a trace id; `otel-tracking list` has them.
    """
    record = load(data_dir, execution)
    if as_json:
        print_json(record.to_dict())
        return
    damages = Damages()
    screen, story = console(), story_of(with_remarks(record, readable_remarks(RemarkStore(data_dir), damages)))
    draw_head(screen, story)
    _draw_remarks(screen, story)
    if as_tree:
        screen.print()
        screen.print(tree_of(record))
    else:
        draw_journey(screen, story)
        draw_drift(screen, story)
    complain_of(damages)


def draw_head(screen: Console, story: Story) -> None:
    """What the run was and how it ended."""
    line = Text(safe_line(story.execution_id), style="bold")
    line.append(f"  {safe_line(story.fact('config_name'))}  ")
    line.append(safe_line(story.status), style=STATUS_STYLES.get(story.status, ""))
    screen.print(line)
    screen.print(Text(_facts(story), style="dim"))
    if story.status in STATUS_SENTENCES and story.status != Status.COMPLETED:
        screen.print(Text(STATUS_SENTENCES[story.status]))


def _draw_remarks(screen: Console, story: Story) -> None:
    """What researchers said of it since."""
    for remark in story.remarks:
        screen.print(Text(f"{safe_line(remark.name)}: {safe_text(remark.value)}", style="yellow"))


def draw_journey(screen: Console, story: Story) -> None:
    """The boxes in order, under the stage they belong to."""
    for chapter in story.chapters:
        for stage, boxes in groupby(chapter.boxes, key=_stage_of):
            config = chapter.config if chapter.output is not None else ""
            draw_heading(screen, stage_title(stage, chapter.output, config))
            for box in boxes:
                draw_row(screen, row_of(box))


def draw_drift(screen: Console, story: Story) -> None:
    """How far each text is from the first one and from the one before, where that can be told."""
    lines = story.drift
    if not lines:
        return
    draw_heading(screen, story.words["drift"])
    for line in lines:
        screen.print(Text(f"   {safe_line(line.name):<12} {line.value}"))
    screen.print(Text(f"   {story.words['drift note']}", style="dim"))


def _facts(story: Story) -> str:
    named = {"mode": "execution_mode", "safety": "safety_level", "seed": "used_seed"}
    told = {word: story.fact(name) for word, name in named.items()}
    return joined(
        story.started,
        story.fact("total_execution_time"),
        f"{count(story.items, 'item')}, {count(story.spans, 'span')}",
        *(f"{word} {safe_line(value)}" for word, value in told.items() if value),
        f"revision {story.fact('revision')}" if story.fact("revision") != "1" else "",
    )


def _stage_of(box: Box) -> int | None:
    return box.stage
