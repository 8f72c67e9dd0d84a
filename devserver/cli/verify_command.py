"""`otel-tracking verify`: can these records be trusted?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from devserver.cli.complaints import FAILED
from devserver.cli.options import data_option, json_option
from devserver.cli.output import console, print_json
from devserver.cli.records import chosen_ids
from devserver.cli.text import count, safe_line
from devserver.verify import NOTE, WRONG, Finding, is_right, verify
from exporters import StorageError, read_records


@click.command("verify")
@click.argument("executions", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every run that is stored.")
@data_option
@json_option
def command(executions: tuple[str, ...], data_dir: Path, everything: bool, as_json: bool) -> int:
    """Check that records are complete and their media unchanged.

    Looked at are: the numbering of the items, the run's own counts, whether each hop was given what the hop before
    it made, whether everything configured was passed, and each media file's sha256. Ends with exit code 1 when
    something is wrong; a note is only something to know.
    """
    execution_ids = chosen_ids(data_dir, executions, everything)
    screen = console()
    findings: list[Finding] = []
    for execution_id in execution_ids:
        found = list(findings_of(data_dir, execution_id))
        findings += found
        if not as_json:
            _draw(screen, execution_id, found)
    if as_json:
        print_json(_as_dict(execution_ids, findings))
    else:
        click.echo(_summary(len(execution_ids), findings))
    return 0 if is_right(findings) else FAILED


def findings_of(data_dir: Path, execution_id: str) -> Iterator[Finding]:
    """What is wrong with one run, also where its record cannot even be read."""
    try:
        record = next(read_records(data_dir, execution_id=execution_id), None)
    except StorageError as trouble:
        yield Finding(execution_id, "readable", WRONG, f"the record cannot be read: {trouble}")
        return
    if record is not None:
        yield from verify(record, data_dir)


def _draw(screen: Console, execution_id: str, found: list[Finding]) -> None:
    line = Text(safe_line(execution_id))
    line.append("  right" if is_right(found) else "  wrong", style="green" if is_right(found) else "red")
    screen.print(line)
    for finding in found:
        style = "red" if finding.kind == WRONG else "dim"
        screen.print(Text(f"   {finding.kind}: {safe_line(finding.sentence)}", style=style))


def _summary(checked: int, findings: list[Finding]) -> str:
    wrong = [finding for finding in findings if finding.kind == WRONG]
    broken = len({finding.execution_id for finding in wrong})
    notes = sum(finding.kind == NOTE for finding in findings)
    told = f"; {count(notes, 'note')}" if notes else ""
    if not wrong:
        return f"{count(checked, 'run')} checked, nothing wrong{told}"
    return f"{count(checked, 'run')} checked, {broken} with something wrong{told}"


def _as_dict(execution_ids: list[str], findings: list[Finding]) -> dict[str, object]:
    return {
        "checked": execution_ids,
        "right": is_right(findings),
        "findings": [asdict(finding) for finding in findings],
    }
