"""`otel-tracking verify`: can these records be trusted?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import damages_as_dicts
from devserver.cli.options import json_option, refuse, selection_options
from devserver.cli.output import console, print_json
from devserver.cli.records import chosen_rows, none_found
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.cli.tables import reads_tables, table_options
from devserver.verify import NOTE, WRONG, Finding, is_right, verify
from exporters import read_rows
from exporters.erasure import pending
from exporters.storage.reading.damage import Damage, Damages
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.upkeep.inspection import Fault, Oddity, inspect_store
from exporters.storage.upkeep.salvage import Left, Repair, repair, what_is_left


@click.command("verify")
@click.argument("executions", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every run that is stored, and every file.")
@selection_options
@click.option(
    "--repair", "is_repaired", is_flag=True, help="With --all: set damaged files aside, bring back what can be."
)
@table_options
@json_option
@reads_tables(texts=["executions"])
def command(
    executions: tuple[str, ...], data_dir: Path, everything: bool, is_repaired: bool, as_json: bool, **selection: Any
) -> int:
    """Check that records are complete and their media unchanged.

    Looked at are: the numbering of the items, the run's own counts, whether each hop was given what the hop before
    it made, whether everything configured was passed, and each media file's sha256. With --all also every file of the
    store: damaged ones are named with what is left of their runs, and foreign ones (a sync tool's conflicted copy),
    which nobody reads. Ends with exit code 1 when something is wrong; a note is only something to know.

    --repair deletes nothing. It moves damaged and foreign files to the directory damaged/, puts a file that lies in the
    wrong place where it belongs, and stores runs again of which documents/ has the JSON document.
    """
    if is_repaired and not everything:
        raise refuse("--repair is about the whole store: add --all.")
    check = _Check(data_dir, None if as_json else console())
    if everything:
        check.files(is_repaired=is_repaired)
    check.runs(chosen_rows(data_dir, executions, everything, selection, check.damages))
    if not check.checked and not check.oddities and not check.damages:
        complain(none_found(data_dir, selection))
        return FAILED
    if as_json:
        print_json(check.answer())
    else:
        say(check.summary())
    return 0 if check.is_right else FAILED


class _Check:
    """A check under way: what was found, and drawn where there is a screen."""

    def __init__(self, data_dir: Path, screen: Console | None) -> None:
        self._data_dir, self._screen = data_dir, screen
        self.damages = Damages()
        self.checked: list[str] = []
        self.oddities: list[Oddity] = []
        self._findings: list[Finding] = []
        self._repair: Repair | None = None
        self._is_erasing = False

    def files(self, *, is_repaired: bool) -> None:
        """Look at every file; the runs are looked at after what can be repaired has been."""
        self._is_erasing = pending(self._data_dir) is not None
        if self._is_erasing:
            self._say("an erasure was interrupted: otel-tracking erase --resume finishes it", "red")
        self.oddities = list(inspect_store(self._data_dir))
        for oddity in self.oddities:
            self._say(f"{oddity.fault}: {oddity.sentence}", "red")
            for left in self._left(oddity):
                self._say(f"   {left.sentence()}", "dim")
        if is_repaired and self.oddities:
            self._repair = repair(self._data_dir, self.oddities)
            for before, after in (*self._repair.moved, *self._repair.aside):
                self._say(f"moved {before} to {after}")
            for execution_id in self._repair.restored:
                self._say(f"stored again from its document: {execution_id}")

    def runs(self, rows: Iterator[ExecutionRow]) -> None:
        """Check each run as it is read: one stream, however many there are."""
        for row, record in read_rows(self._data_dir, rows, on_damage=self.damages):
            found = list(self._unreadable(row))
            found += verify(record, self._data_dir) if record is not None else ()
            self.checked.append(row.execution_id)
            self._findings += found
            self._draw(row.execution_id, found)

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong with any run or file."""
        return is_right(self._findings) and not self._damaged and not self.oddities and not self._is_erasing

    def summary(self) -> str:
        """How many were checked, and how many are wrong."""
        wrong = len({finding.execution_id for finding in self._findings if finding.kind == WRONG})
        notes = sum(finding.kind == NOTE for finding in self._findings)
        files = len({*(oddity.path for oddity in self.oddities), *(damage.path for damage in self._damaged)})
        parts = [f"{wrong} with something wrong" if wrong else "nothing wrong" if not files else ""]
        parts += [f"{count(files, 'file')} damaged or foreign" if files else ""]
        told = f"; {count(notes, 'note')}" if notes else ""
        return f"{count(len(self.checked), 'run')} checked, {', '.join(filter(None, parts))}{told}"

    def answer(self) -> dict[str, Any]:
        """The same for programs."""
        files = [{"path": str(odd.path), "fault": odd.fault.value, "sentence": odd.sentence} for odd in self.oddities]
        left = [entry for odd in self.oddities for entry in map(_left_as_dict, self._left(odd))]
        return {
            "checked": self.checked,
            "right": self.is_right,
            "findings": [asdict(finding) for finding in self._findings],
            "files": files,
            "left": left,
            "damaged": damages_as_dicts(self._damaged),
            **({"erasure_pending": True} if self._is_erasing else {}),
            **({"repair": _repair_as_dict(self._repair)} if self._repair else {}),
        }

    @property
    def _damaged(self) -> list[Damage]:
        """What could not be read and is no run's finding already, nor a file that was set aside."""
        known = {oddity.path for oddity in self.oddities}
        return [damage for damage in self.damages if damage.execution_id is None and damage.path not in known]

    def _unreadable(self, row: ExecutionRow) -> Iterator[Finding]:
        for damage in self.damages:
            if damage.execution_id == row.execution_id:
                yield Finding(row.execution_id, "readable", WRONG, f"the record cannot be read: {damage.sentence}")

    def _left(self, oddity: Oddity) -> list[Left]:
        return [] if oddity.fault is Fault.FOREIGN else what_is_left(self._data_dir, oddity.path)

    def _draw(self, execution_id: str, found: list[Finding]) -> None:
        if self._screen is None:
            return
        line = Text(safe_line(execution_id))
        line.append("  right" if is_right(found) else "  wrong", style="green" if is_right(found) else "red")
        self._screen.print(line)
        for finding in found:
            self._say(f"   {finding.kind}: {finding.sentence}", "red" if finding.kind == WRONG else "dim")

    def _say(self, sentence: str, style: str = "") -> None:
        if self._screen is not None:
            self._screen.print(Text(safe_line(sentence), style=style))


def _left_as_dict(left: Left) -> dict[str, Any]:
    document = str(left.document) if left.document else None
    return {"execution_id": left.execution_id, "rows": left.rows, "media": left.media, "document": document}


def _repair_as_dict(done: Repair) -> dict[str, Any]:
    moved = {str(before): str(after) for before, after in (*done.moved, *done.aside)}
    return {"moved": moved, "restored": list(done.restored)}
