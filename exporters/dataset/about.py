"""What a dataset says of itself, before any file says it: by whom, how chosen, how many rows, under what it left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from exporters.dataset.authors import Author, read_author
from exporters.dataset.crate.told import RunsTold
from exporters.dataset.licences import Licence, licence_named
from exporters.measures.drift import MeasureSource
from exporters.storage.tables.columns import Column
from exporters.story.readable import visible_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What only people can say of a dataset: a title, who made it, and under which licence others may use it.

    Raises `UnknownOption` for an author or a licence that cannot be read. No licence is none: nothing is assumed.

    >>> Description(authors=["Lovelace, Ada <0000-0002-1825-0097>"], licence="cc-by-4.0").terms.url
    'https://creativecommons.org/licenses/by/4.0/'
    """

    title: str = "Runs of a generative-art pipeline"
    authors: Sequence[str] = ()
    licence: str = ""

    def __post_init__(self) -> None:
        # Lines, and signs that no file should hold: it stands in YAML, Markdown and JSON.
        object.__setattr__(self, "title", visible_line(self.title))
        _ = self.people, self.terms

    @property
    def people(self) -> list[Author]:
        """The authors, read."""
        return [read_author(author) for author in self.authors]

    @property
    def terms(self) -> Licence | None:
        """The licence; None where none was chosen."""
        return licence_named(self.licence)


@dataclass(frozen=True, kw_only=True)
class About:
    """What every file that describes a dataset is made of: no clock, no path, nothing of the store.

    `told` is what its runs did, for the crate; `measures` are by what its texts were measured, `tables` their columns;
    `damaged` counts runs that could not be read; `span` is when the first and the last of them began.
    """

    description: Description
    query: Mapping[str, str]
    rows: Mapping[str, int]
    damaged: int
    privacy: Mapping[str, Any]
    told: RunsTold
    span: tuple[dt.datetime, dt.datetime] | None
    crate: str = "process"
    media: int = 0
    measures: Sequence[MeasureSource] = ()
    tables: Mapping[str, Sequence[Column]] = field(default_factory=dict)

    @property
    def with_meanings(self) -> bool:
        """Whether it was measured how near texts are in meaning."""
        return any(source.measure == "semantic_similarity" for source in self.measures)

    @property
    def period(self) -> str:
        """From which day to which, ISO 8601; empty for no run."""
        return f"{self.span[0]:%Y-%m-%d}/{self.span[1]:%Y-%m-%d}" if self.span else ""

    @property
    def day(self) -> str:
        """The day of the last run, ISO 8601: the only date that a dataset has, whenever it is made."""
        return f"{self.span[1]:%Y-%m-%d}" if self.span else "1970-01-01"

    @property
    def sentence(self) -> str:
        """What this is, in a sentence."""
        runs, items = self.rows["executions"], self.rows["items"]
        period = f", {self.period.replace('/', ' to ')}" if self.span else ""
        media = f", with {self.media:,} pictures, sounds and films" if self.media else ""
        return f"{runs:,} runs of generative-art pipelines, {items:,} logged items{period}: tables{media}."


def software() -> str:
    """The version of this program."""
    try:
        return version("otel-tracking")
    except PackageNotFoundError:
        return "(not installed)"
