"""What a document is made of, for screen readers: headings, paragraphs, tables and figures, in the order of reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reportlab.platypus import Flowable


class Mark(NamedTuple):
    """Something on a page: a stretch of its content by number, or a link by its place among the page's links."""

    page: int
    number: int
    is_link: bool = False


@dataclass(slots=True, eq=False)
class Node:
    """An element of a document by its role (PDF 32000-1, 14.8.4), and where it was drawn, once it was.

    `alternative` says what a picture shows; `scope` is what the head of a table is for: `Column` or `Row`.
    """

    role: str
    kids: list[Node] = field(default_factory=list)
    alternative: str = ""
    scope: str = ""
    marks: list[Mark] = field(default_factory=list)


class Told(Flowable):  # type: ignore[misc]
    """Something on a page that screen readers tell of."""

    node: Node


def nodes_of(flowables: Iterable[Any]) -> Iterator[Node]:
    """What these stand for, in their order; parts of one text count once."""
    told = (flowable.node for flowable in flowables if isinstance(flowable, Told))
    return iter(dict.fromkeys(told))


def group(*flowables: Any) -> Node:
    """These one after the other: things that stand side by side, and are no table."""
    return Node("Div", list(nodes_of(flowables)))


def table_node(rows: Sequence[Sequence[Any]], heads: int = 0) -> Node:
    """The rows of a table; without rows of heads the first cell of each is the name of what is beside it.

    A row that only goes on with the texts of the one above it is no row of its own.
    """
    table, seen = Node("Table"), set[Node]()
    for number, row in enumerate(rows):
        lists = [cell if isinstance(cell, list | tuple) else [cell] for cell in row]
        cells = [[one for one in nodes_of(flowables) if one not in seen] for flowables in lists]
        if any(cells):
            seen.update(one for cell in cells for one in cell)
            scopes = [
                "Column" if number < heads else "Row" if not (heads or place) else "" for place in range(len(row))
            ]
            pairs = zip(cells, scopes, strict=True)
            table.kids.append(Node("TR", [Node("TH" if scope else "TD", cell, scope=scope) for cell, scope in pairs]))
    return table
