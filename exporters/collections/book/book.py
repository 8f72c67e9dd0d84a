"""A document of many runs while they come: each told as a story, a row of each kept, and what is said of all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from exporters.collections.book.compare import Comparisons, SideBySide
from exporters.collections.book.plots import plots_of
from exporters.collections.book.rows import BookRow, row_of
from exporters.collections.book.summary import SummaryTable, tables_of
from exporters.collections.book.title import Statement, facts_of, notes_of
from exporters.collections.book.words import book_words
from exporters.collections.options import CollectionOptions
from exporters.formats.printed.layout import Printed, lay_out
from exporters.plots.plot import Plot
from exporters.story.parts import Parameter, joined
from exporters.story.story import Story
from exporters.story.storyteller import story_of
from otel_tracking.record import ExecutionRecord

Said = Callable[[], Statement]
"""What a way out says, asked once the last record has left."""

LONGEST_SIDE = 640
"""Pixels of a picture: as sharp as print where two of them stand side by side."""
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before the runs, beside their list: title page, summary, plots, what is alike side by side."""

    title: str
    facts: tuple[Parameter, ...]
    notes: tuple[str, ...]
    tables: tuple[SummaryTable, ...]
    plots: tuple[Plot, ...]
    compared: SideBySide | None


class Book:
    """Takes records one at a time; of each it keeps a row, and what is laid side by side with others."""

    def __init__(self, options: CollectionOptions, said: Said | None) -> None:
        self.options, self.words = options, book_words(options.language)
        self.rows: list[BookRow] = []
        self._said = said
        self._comparisons = Comparisons(self.words) if options.compare else None

    def read(self, record: ExecutionRecord) -> tuple[BookRow, Story]:
        """The next run: its row and its story."""
        story = story_of(record, language=self.options.language, audience=self.options.audience)
        row = row_of(len(self.rows) + 1, record, story)
        self.rows.append(row)
        if self._comparisons:
            self._comparisons.add(row, story)
        return row, story

    def printed(self, row: BookRow, story: Story) -> Printed:
        """A story as a chapter on pages; its head says which run it is."""
        told = lay_out(story, attached=None, longest_side=LONGEST_SIDE)
        return replace(told, words={**story.words, "record": self.words["run number"].format(number=row.number)})

    def front(self) -> Front:
        """What stands before the runs, once all have come."""
        said = self._said() if self._said else None
        language = self.options.language
        return Front(
            title=self.options.title,
            facts=facts_of(self.rows, said, self.words),
            notes=notes_of(said, self.options.audience, self.words),
            tables=tables_of(self.rows, self.words, language),
            plots=plots_of(self.rows, self.words, language),
            compared=self._comparisons.side_by_side() if self._comparisons else None,
        )

    @property
    def moment(self) -> dt.datetime:
        """When the document was made, as it says: when the last run began, so that it is the same tomorrow."""
        return max((row.moment for row in self.rows), default=_EPOCH)


def entry_of(row: BookRow) -> str:
    """A run in the table of contents: `12. stillepost · Eine Blume`."""
    return joined(f"{row.number}. {row.title}", row.beginning)
