"""The story of a record as data for the page template: every text in pieces, with its language and direction."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from exporters.formats.pdf_archive.fonts import Typefaces
from exporters.story.parts import Bar
from exporters.story.printed.languages import EAST_ASIAN, language_of
from exporters.story.printed.limits import room
from exporters.story.printed.signs import Sign, drawn, meaning_of, pieces, with_breaks
from exporters.story.printed.story import Call, Figure, Row, Section, Story, Words
from exporters.story.printed.timeline import Track, extent
from exporters.story.readable import direction_of, seconds

_MOST_OF_A_PAGE = 850
_MOST_ROWS = 16
_NARROW = 1.25
"""Pictures that are not much wider than high stand side by side."""


def characters_of(story: Story) -> frozenset[str]:
    """Every character that the document may need a glyph for."""
    return drawn(frozenset().union(*map(frozenset, _texts(story))))


class Content:
    """Builds the template's data; counts the signs it needed on the way."""

    def __init__(self, story: Story, typefaces: Typefaces) -> None:
        self._story, self._typefaces = story, typefaces
        self._signs: Counter[str] = Counter()

    def build(self, moment: dt.datetime, *, attached: bool) -> dict[str, Any]:
        """The data of the whole document."""
        story, journey = self._story, self._story.journey
        body = {
            "heading": self.told(journey.title),
            "prompt": self._words(story.prompt),
            "outcome": self.told(journey.outcome),
            "facts": [[story_name, self.told(value)] for story_name, value in _pairs(story)],
            "chapters": [self._section(section) for section in story.sections],
            "figures": [self._figure(figure) for figure in story.figures],
            "timeline": self._timeline(),
            "attempts": [self._call(call) for call in story.calls],
            "settings": [[self.told(fact.name), self.told(fact.value)] for fact in story.settings],
            "more": [[self.told(fact.name), self.told(fact.value)] for fact in story.more],
        }
        return body | {
            "title": _plain(f"{journey.title} · {journey.execution_id}"),
            "description": _plain(journey.outcome),
            "keywords": [_plain(word) for word in (journey.title, journey.status, journey.execution_id)],
            "language": journey.language,
            "execution": _plain(journey.execution_id),
            "date": {name: getattr(moment, name) for name in ("year", "month", "day", "hour", "minute", "second")},
            "status": _plain(journey.status),
            "tone": story.tone,
            "languages": " → ".join(map(_plain, journey.languages)),
            "journey-notes": story.section_notes,
            "settings-notes": story.settings_notes,
            "notes": story.notes,
            "signs": self._signs_used(),
            "record": "record.json" if attached else None,
            "words": {name.replace(" ", "-"): word for name, word in story.words.items()},
            "families": {code: self._typefaces.for_language(code) for code in (*EAST_ASIAN, "other")},
        }

    def told(self, text: str, language: str | None = None) -> dict[str, Any]:
        """A text in pieces. A name or value has the language that its letters show."""
        found = pieces(text, self._typefaces.missing)
        self._signs.update(piece.label for piece in found if isinstance(piece, Sign))
        code = language or language_of(text)
        told: dict[str, Any] = {
            "pieces": [{"sign": piece.label} if isinstance(piece, Sign) else _printed(piece) for piece in found]
        }
        if code:
            told["language"] = code
        if direction_of(text) == "rtl":
            told["rtl"] = True
        return told

    def _words(self, words: Words | None) -> dict[str, Any] | None:
        return self.told(words.text, words.language) | {"cut": words.cut} if words else None

    def _section(self, section: Section) -> dict[str, Any]:
        return {
            "title": self.told(section.title),
            "stage": section.stage,
            "rows": [self._row(row) for row in section.rows],
        }

    def _row(self, row: Row) -> dict[str, Any]:
        box = row.box
        codes = [_plain(code or "?") for code in (box.from_language, box.to_language)]
        return {
            "number": box.number,
            "label": self.told(box.label),
            "tongues": " → ".join(codes) if box.from_language or box.to_language else "",
            "text": self._words(row.words),
            "given": self._words(row.given),
            "figure": row.figure,
            "by": self.told("" if row.figure else box.caption),
            "took": box.seconds,
            "tone": box.tone,
            "withheld": box.withheld,
            "wide": row.is_wide,
            "whole": self._stays_whole(*(words.text for words in (row.words, row.given) if words)),
        }

    def _figure(self, figure: Figure) -> dict[str, Any]:
        picture = figure.picture
        narrow = picture is not None and picture.width <= _NARROW * picture.height
        return {
            "number": figure.number,
            "title": self.told(figure.title),
            "caption": self.told(figure.caption),
            "alternative": _plain(figure.alternative),
            "file": f"figure-{figure.number}.{picture.suffix}" if picture else None,
            "note": self.told(figure.note),
            "withheld": figure.is_withheld,
            "narrow": narrow,
            "ratio": picture.width / picture.height if picture else 1,
            "details": [[self.told(detail.name), self.told(detail.value)] for detail in figure.details],
        }

    def _timeline(self) -> dict[str, Any]:
        journey, shown = self._story.journey, self._story.timeline
        more = [self._story.words["more spans"].format(count=f"{shown.more:,}")] if shown.more else []
        return {
            "took": seconds(journey.duration),
            "step": shown.step,
            "size": shown.size,
            "even": shown.is_even,
            "tracks": [self._track(track, journey.duration) for track in shown.tracks],
            "notes": more,
        }

    def _track(self, track: Track, duration: float) -> dict[str, Any]:
        bar = track.bar
        return {
            "label": self.told(bar.label),
            "depth": min(bar.depth, 8),
            "attempt": bar.is_attempt,
            "failed": bar.failed,
            "took": bar.took,
            "bars": [_bar(each, duration) for each in (bar, *track.calls)],
        }

    def _call(self, call: Call) -> dict[str, Any]:
        return {
            "number": call.number,
            "title": self.told(call.title),
            "facts": self.told(call.facts),
            "error": self.told(call.error) if call.error else None,
            "rows": [
                {
                    "name": self.told(line.name),
                    "configured": None if line.configured is None else self.told(line.configured),
                    "passed": None if line.passed is None else self.told(line.passed),
                    "fate": line.fate,
                    "whole": self._stays_whole(max(line.configured or "", line.passed or "", key=room)),
                }
                for line in call.lines
            ],
            "whole": self._is_short(call),
            "answer": [[self.told(name), self.told(value), self._stays_whole(value)] for name, value in call.answer],
            "notes": call.notes,
        }

    def _stays_whole(self, *texts: str) -> bool:
        """Whether a row of these texts is surely less than a page, whatever its letters are; else it may be parted.

        A sign in a frame is as wide as four letters.
        """
        if sum(map(room, texts)) > _MOST_OF_A_PAGE:
            return False
        signs = sum(isinstance(piece, Sign) for text in texts for piece in pieces(text, self._typefaces.missing))
        return sum(map(room, texts)) + 3 * signs <= _MOST_OF_A_PAGE

    def _is_short(self, call: Call) -> bool:
        rows = len(call.lines) + len(call.answer)
        told = [line.configured or "" for line in call.lines] + [line.passed or "" for line in call.lines]
        return rows <= _MOST_ROWS and self._stays_whole(call.error, *told, *(value for _, value in call.answer))

    def _signs_used(self) -> list[list[str]]:
        words = self._story.words
        return [
            [label, meaning_of(label, words), _counted(count, words)] for label, count in self._signs.most_common(60)
        ]


def _bar(bar: Bar, duration: float) -> dict[str, Any]:
    """Where it stands, in shares of the whole."""
    start, lasts = extent(bar, duration)
    whole = duration or 1.0
    told = {"stage": bar.stage, "attempt": bar.is_attempt, "failed": bar.failed}
    return {"start": start / whole, "share": lasts / whole, **told}


def _counted(count: int, words: Mapping[str, str]) -> str:
    return words["once"] if count == 1 else words["times"].format(count=f"{count:,}")


def _pairs(story: Story) -> Iterator[tuple[str, str]]:
    return ((fact.name, fact.value) for fact in story.facts)


def _texts(*parts: Any) -> Iterator[str]:
    """Every text in dataclasses, sequences and mappings."""
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Iterable) and not isinstance(part, bytes):
            yield from _texts(*(part.values() if isinstance(part, dict) else part))
        elif hasattr(part, "__slots__"):
            yield from _texts(*(getattr(part, name) for name in part.__slots__))


def _printed(text: str) -> str:
    return with_breaks(text.replace("\t", "    "))


def _plain(text: str) -> str:
    """A text for places that hold nothing but text: metadata, footers."""
    return "".join(piece if isinstance(piece, str) else f"⟨{piece.label}⟩" for piece in pieces(text))
