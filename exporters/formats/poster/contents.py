"""What a poster says: taken from the story of a run, nothing that the story does not show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from exporters.errors import UnknownOption
from exporters.formats.printed.pictures import Picture, printable
from exporters.story.language_names import language_name
from exporters.story.parts import Box
from exporters.story.readable import visible_line
from exporters.story.story import Story

MOST_PICTURES = 4
LONGEST_TITLE, LONGEST_ADDRESS = 120, 300


@dataclass(frozen=True, slots=True)
class PosterText:
    """One of the two sentences, or a note in its place."""

    label: str
    text: str
    language: str | None = None
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Poster:
    """All that is on the page; `way` are names of languages, `hint` stands beside the code of the `address`."""

    language: str
    title: str
    moment: dt.datetime
    date: str
    first: PosterText
    last: PosterText
    way: tuple[str, ...]
    pictures: tuple[Picture, ...]
    alternatives: tuple[str, ...]
    address: str
    hint: str
    cut_note: str


def poster_of(story: Story, *, title: str, address: str) -> Poster:
    """The poster of a run. Raises `UnknownOption` for an address that no telephone should be led to."""
    words = story.words
    found = _pictures(story)
    return Poster(
        language=story.language,
        title=(visible_line(title) or story.title)[:LONGEST_TITLE],
        moment=story.moment,
        date=date_in_words(story.moment.date(), words),
        first=_said(words["poster first"], story.given, _withheld(story, "user_input_text")),
        last=_said(words["poster last"], story.final, _withheld(story, "interception_final") or story.outcome),
        way=tuple(stop.named(lambda code: language_name(code, story.language), words) for stop in story.languages),
        pictures=tuple(picture for _, picture in found),
        alternatives=tuple(box.label for box, _ in found),
        address=_checked(address),
        hint=words["poster hint"] if address else "",
        cut_note=words["poster cut"],
    )


def date_in_words(day: dt.date, words: Mapping[str, str]) -> str:
    """A day as people write it: `27. November 2026`."""
    month = words["months"].split()[day.month - 1]
    return words["day of month"].format(day=day.day, month=month, year=day.year)


def _said(label: str, box: Box | None, otherwise: str) -> PosterText:
    return PosterText(label, box.text, box.tag or None) if box else PosterText(label, otherwise, is_note=True)


def _withheld(story: Story, item_type: str) -> str:
    return next((box.withheld for box in story.boxes if box.item_type == item_type), "")


def _pictures(story: Story) -> list[tuple[Box, Picture]]:
    """What was made and can be looked at; of a run that makes no pictures none."""
    made = (box for box in story.boxes if box.output is not None and box.medium and box.medium.is_image)
    contents = ((box, box.medium.content) for box in made if box.medium and box.medium.content)
    read = ((box, printable(content)) for box, content in contents)
    return [(box, picture) for box, picture in read if picture][:MOST_PICTURES]


def _checked(address: str) -> str:
    if address and not _leads_somewhere(address):
        would_work = "https://devserver.school.example/runs/…"
        raise UnknownOption(f"address is {address!r:.60}; one such as {would_work} would work")
    return address


def _leads_somewhere(address: str) -> bool:
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
