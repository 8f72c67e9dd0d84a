"""How commands answer: rich text for people, one JSON document for programs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from otel_tracking import canonical

WIDE = 10_000
"""Columns where no terminal is: programs that read lines want them whole."""


def print_json(value: Any) -> None:
    """The one JSON document of a command, on stdout in UTF-8; odd values as `canonical` writes them."""
    click.echo(canonical.dumps(value).encode())


def console(*, stderr: bool = False) -> Console:
    """A console that shows text as it is: no markup, no emoji codes, no colours of its own choosing."""
    stream = sys.stderr if stderr else sys.stdout
    is_terminal = stream.isatty()
    return Console(
        file=stream,
        width=None if is_terminal else WIDE,
        soft_wrap=not is_terminal,
        # FORCE_COLOR in the environment must not make a pipe a terminal that is 10,000 columns wide.
        force_terminal=is_terminal,
        markup=False,
        emoji=False,
        highlight=False,
    )


@contextlib.contextmanager
def progress_bar(what: str) -> Iterator[Callable[..., None] | None]:
    """A bar on the terminal while the block lasts, moved by `completed`, `total` and `description`; None on none."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(what)
        yield lambda **state: progress.update(task, **state)
