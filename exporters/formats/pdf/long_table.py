"""A table of very many rows, which a page at a time is taken from.

ReportLab measures all rows that are left for each page, and copies what was said of their style: two thirds of the time
of a document of 2,000 rows, and four times as much for twice as many.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from reportlab.platypus import Flowable

from exporters.formats.pdf.structure import Node, Told

Command = tuple[Any, ...]
"""One line of a table's style, as ReportLab takes it: a name, the first cell, the last one, and more."""

Rows = Sequence[Sequence[Any]]
MakeTable = Callable[[Rows, Sequence[Command]], Flowable]

AT_ONCE = 60
"""Rows that are looked at for one page, which has some thirty; where all have room, more are."""


class Styled:
    """Rows with their style, of which any stretch can be had: heads first, which begin every page."""

    def __init__(self, rows: Rows, style: Sequence[Command], heads: int) -> None:
        self.rows, self.heads = rows, heads
        of_rows: list[tuple[int, Command]] = []
        self._others: list[tuple[int, Command]] = []
        for place, command in enumerate(style):
            (of_rows if _is_of_rows(command, heads) else self._others).append((place, command))
        self._of_rows = sorted(of_rows, key=lambda one: one[1][1][1])
        self._starts = [command[1][1] for _, command in self._of_rows]
        self._longest = max((command[2][1] - command[1][1] for _, command in self._of_rows), default=0)

    def part(self, start: int, end: int) -> tuple[Rows, Sequence[Command]]:
        """The heads and the rows from `start` to before `end`, with what is said of them, in the order it was said."""
        near = self._of_rows[bisect_left(self._starts, start - self._longest - 1) : bisect_left(self._starts, end)]
        moved = [(place, one) for place, command in near if (one := self._moved(command, start, end))]
        style = [command for _, command in sorted([*self._others, *moved], key=lambda one: one[0])]
        return [*self.rows[: self.heads], *self.rows[start:end]], style

    def _moved(self, command: Command, start: int, end: int) -> Command | None:
        """The command for the rows as they are counted in that part; None where it says nothing of them."""
        name, (left, first), (right, last), *more = command
        shift = start - self.heads
        if last >= start:
            return (name, (left, max(first, start) - shift), (right, min(last, end - 1) - shift), *more)
        if last == start - 1 and name == "LINEBELOW":  # as ReportLab draws it once more on the next page
            return ("LINEABOVE", (left, self.heads), (right, self.heads), *more)
        return None


def _is_of_rows(command: Command, heads: int) -> bool:
    """Whether it says something of certain rows that are no heads; others count from the end, or are of all."""
    _, (_, first), (_, last), *_ = command
    return bool(heads <= first <= last)


class TableOverPages(Told):
    """The rows from `start` on of such a table."""

    def __init__(self, styled: Styled, make: MakeTable, node: Node, start: int) -> None:
        super().__init__()
        self.node = node
        self._styled, self._make, self._start = styled, make, start

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """More than there is: it goes over pages."""
        self.width, self.height = available_width, available_height + 1
        return self.width, self.height

    def split(self, available_width: float, available_height: float) -> list[Flowable]:
        """What fits into that height, and the rest; nothing where not one row does."""
        count = AT_ONCE
        while self._start + count < len(self._styled.rows):
            first = self._part(self._start + count)
            found = first.split(available_width, available_height)
            if len(found) != 1:
                return [found[0], self._rest(found[0])] if found else []
            count *= 2  # rows so low that all of them fit
        last: list[Flowable] = self._part(len(self._styled.rows)).split(available_width, available_height)
        return last

    def _part(self, end: int) -> Any:
        return self._make(*self._styled.part(self._start, end))

    def _rest(self, shown: Any) -> Flowable:
        start = self._start + len(shown._cellvalues) - self._styled.heads
        return from_row(self._styled, self._make, self.node, start)


def from_row(styled: Styled, make: MakeTable, node: Node, start: int) -> Flowable:
    """The rows from `start` on: as one table where they are few."""
    if len(styled.rows) - start > AT_ONCE:
        return TableOverPages(styled, make, node, start)
    return make(*styled.part(start, len(styled.rows)))
