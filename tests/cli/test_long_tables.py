"""A table of many lines looks as rich draws it, and takes a tenth of the time."""

import io

import pytest
from rich.console import Console
from rich.segment import Segments
from rich.table import Table
from rich.text import Text

from devserver.cli.showing.long_table import LONG, drawn

PIPE = {"width": 10_000, "soft_wrap": True, "force_terminal": False}
TERMINAL = {"width": 90, "force_terminal": True, "color_system": "truecolor"}


def a_table(lines=LONG, said="花园 still"):
    table = Table(box=None, pad_edge=False, header_style="dim", caption=f"{lines} runs", caption_justify="left")
    table.add_column("execution", no_wrap=True, min_width=29)
    table.add_column("config", overflow="ellipsis", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True, min_width=6)
    for number in range(lines):
        style = "red" if number % 3 else ""
        table.add_row(Text(f"exec_{number}"), Text(said * (number % 3)), Text("error", style=style), Text("1 s"))
    return table


def shown(options, draw):
    console = Console(file=io.StringIO(), markup=False, emoji=False, highlight=False, **options)
    console.print(draw(console), crop=False)
    return console.file.getvalue()


@pytest.mark.parametrize("options", [PIPE, TERMINAL | {"color_system": None}], ids=["a pipe", "a terminal"])
def test_it_is_drawn_as_rich_draws_it(options):
    table = a_table()
    lines = [shown(options, draw).splitlines() for draw in (lambda _: table, lambda to: drawn(table, to))]
    as_rich, ours = ([line.rstrip() for line in one] for one in lines)
    assert as_rich == ours


def test_what_is_coloured_keeps_its_colour():
    assert shown(TERMINAL, lambda to: drawn(a_table(), to)).count("\x1b[31merror") == LONG - (LONG + 2) // 3


@pytest.mark.parametrize(
    "table", [a_table(LONG - 1), a_table(said="wide " * 30), a_table(said="two\nlines")], ids=["short", "wide", "lines"]
)
def test_what_has_to_be_wrapped_or_is_short_is_left_to_rich(table):
    console = Console(file=io.StringIO(), **TERMINAL)
    assert drawn(table, console) is table
    assert isinstance(drawn(a_table(), console), Segments)
