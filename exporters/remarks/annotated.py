"""A record on its way to a format, together with what was said of it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from exporters.remarks.book import RemarkBook
from exporters.remarks.remarks import Remarks, RunMark
from exporters.remarks.variables import Value, Variable
from otel_tracking.record import ExecutionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What is told of a run's remarks: not who said it, and when. `variables` are those of the code book, all of them;
    `values` are this run's.
    """

    is_test: bool = False
    is_excluded: bool = False
    note: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    variables: tuple[Variable, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was said of this run."""
        return bool(self.is_test or self.is_excluded or self.note or self.values)


# No slots of its own: whoever walks through a record's `__slots__` finds what was recorded, and nothing else.
@dataclass(frozen=True, kw_only=True)
class Annotated(ExecutionRecord):
    """A record with its annotation, in a store that has any. Every format draws it as it draws the record; one that
    tells people, or many runs at once, tells its annotation, too.
    """

    annotation: Annotation = Annotation()


def annotation_of(record: ExecutionRecord) -> Annotation:
    """What was said of a record since, as far as it came along."""
    return record.annotation if isinstance(record, Annotated) else _NOTHING


def annotated(record: ExecutionRecord, annotation: Annotation) -> Annotated:
    """The record with that annotation."""
    own: dict[str, Any] = {one.name: getattr(record, one.name) for one in fields(ExecutionRecord)}
    return Annotated(**own, annotation=annotation)


def with_remarks(record: ExecutionRecord, book: RemarkBook) -> ExecutionRecord:
    """The record with what a book says of it; the record itself where the book is empty."""
    return annotated(record, annotation_in(book, book.of(record))) if book else record


def annotation_in(book: RemarkBook, said: Remarks) -> Annotation:
    """Remarks of a book, as they are told."""
    return Annotation(
        is_test=RunMark.TEST in said.marks,
        is_excluded=RunMark.EXCLUDE in said.marks,
        note=said.note.what if said.note else None,
        values={name: value.what for name, value in said.values.items()},
        variables=book.variables,
    )


_NOTHING = Annotation()
