"""Texts as sources of a project, every text in them coded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from exporters.collections.journey import JourneyText, Part, label_of, lay_out
from exporters.collections.refi.codebook import CodeBook
from exporters.collections.refi.elements import USER, coding, date_time, element
from exporters.collections.refi.guids import guid

FOLDER = "Sources"


@dataclass(frozen=True, slots=True)
class Source:
    """A source or a note: its element, and its file; `is_pressed` where that makes the file smaller."""

    element: Element
    file: str
    content: bytes
    is_pressed: bool = True

    @property
    def guid(self) -> str:
        """By which cases point to it."""
        return self.element.attrib["guid"]


@dataclass(frozen=True, slots=True)
class Coded:
    """A text with the line above it; `key` tells its selection from every other one."""

    key: tuple[object, ...]
    label: str
    text: JourneyText

    @property
    def guid(self) -> str:
        """The guid of its selection."""
        return guid("selection", *self.key)


def coded_journey(key: tuple[object, ...], journey: Sequence[JourneyText], language: str) -> list[Coded]:
    """The texts of a journey under the names of their languages."""
    return [
        Coded(("journey", *key, place), label_of(text, language), text) for place, text in enumerate(journey, start=1)
    ]


def text_source(
    key: tuple[object, ...], name: str, coded: Sequence[Coded], book: CodeBook, values: Sequence[Element]
) -> Source:
    """Texts as one source, each of them selected from its first to its last sign and coded."""
    laid = lay_out(Part(one.label, one.text.text) for one in coded)
    selections = [_selection(one, place, book) for one, place in zip(coded, laid.places, strict=True)]
    moment = min(one.text.timestamp for one in coded)
    return plain_text("TextSource", guid("text", *key), name, laid.text, moment, [*selections, *values])


def plain_text(tag: str, own: str, name: str, text: str, moment: dt.datetime, content: Sequence[Element]) -> Source:
    """A source or note whose text is a file of its own: there are programs that read no other."""
    file = f"{own}.txt"
    made = element(
        tag,
        content,
        guid=own,
        name=name,
        plainTextPath=f"internal://{file}",
        creatingUser=USER,
        creationDateTime=date_time(moment),
    )
    return Source(made, f"{FOLDER}/{file}", text.encode())


def _selection(one: Coded, place: tuple[int, int], book: CodeBook) -> Element:
    start, end = place
    codings = [coding(code, one.text.timestamp, *one.key) for code in book.codes_of(one.text)]
    return element(
        "PlainTextSelection",
        codings,
        guid=one.guid,
        name=one.label,
        startPosition=start,
        endPosition=end,
        creatingUser=USER,
        creationDateTime=date_time(one.text.timestamp),
    )
