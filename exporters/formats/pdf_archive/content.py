"""The story of a record as data for the page template: every text in pieces, with its language and direction."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from exporters.formats.pdf_archive.fonts import Typefaces
from exporters.formats.printed.figures import Figure
from exporters.formats.printed.layout import Printed, PrintedCall
from exporters.formats.printed.limits import room
from exporters.formats.printed.rows import Passage, Row, Section
from exporters.formats.printed.timeline import Track, extent
from exporters.story.parts import Bar, Parameter
from exporters.story.printed.languages import EAST_ASIAN, language_of
from exporters.story.printed.signs import Sign, drawn, meaning_of, pieces, with_breaks
from exporters.story.readable import direction_of, seconds

_MOST_OF_A_PAGE = 850
_MOST_ROWS = 16
_NARROW = 1.25
"""Pictures that are not much wider than high stand side by side."""


def characters_of(story: Printed) -> frozenset[str]:
    """Every character that the document may need a glyph for."""
    return drawn(frozenset().union(*map(frozenset, _texts(story))))


class Content:
    """Builds the template's data; counts the signs it needed on the way."""

    def __init__(self, story: Printed, typefaces: Typefaces) -> None:
        self._story, self._typefaces = story, typefaces
        self._signs: Counter[str] = Counter()

    def build(self, moment: dt.datetime, *, attached: bool) -> dict[str, Any]:
        """The data of the whole document."""
        story = self._story
        body = {
            "heading": self.told(story.title),
            "prompt": self._passage(story.prompt),
            "outcome": self.told(story.outcome),
            "facts": [[fact.name, self.told(fact.value)] for fact in story.facts],
            "chapters": [self._section(section) for section in story.sections],
            "figures": [self._figure(figure) for figure in story.figures],
            "timeline": self._timeline(),
            "attempts": [self._call(call) for call in story.calls],
            "settings": self._named(story.settings),
            "more": self._named(story.long_facts),
        }
        return body | {
            "title": _plain(f"{story.title} · {story.execution_id}"),
            "description": _plain(story.outcome),
            "keywords": [_plain(word) for word in (story.title, story.status, story.execution_id)],
            "language": story.language,
            "execution": _plain(story.execution_id),
            "date": {name: getattr(moment, name) for name in ("year", "month", "day", "hour", "minute", "second")},
            "status": _plain(story.status),
            "tone": story.tone,
            "languages": " → ".join(map(_plain, story.languages)),
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

    def _named(self, parameters: Iterable[Parameter]) -> list[list[dict[str, Any]]]:
        return [[self.told(one.name), self.told(one.value)] for one in parameters]

    def _passage(self, passage: Passage | None) -> dict[str, Any] | None:
        return self.told(passage.text, passage.language) | {"cut": passage.cut} if passage else None

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
            "text": self._passage(row.text),
            "given": self._passage(row.given),
            "figure": row.figure,
            "by": self.told("" if row.figure else box.caption),
            "took": box.seconds,
            "tone": box.tone,
            "withheld": box.withheld,
            "wide": row.is_wide,
            "whole": self._stays_whole(*(passage.text for passage in (row.text, row.given) if passage)),
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
            "details": self._named(figure.details),
        }

    def _timeline(self) -> dict[str, Any]:
        story, shown = self._story, self._story.timeline
        more = [story.words["more spans"].format(count=f"{shown.more:,}")] if shown.more else []
        return {
            "took": seconds(story.duration),
            "step": shown.step,
            "size": shown.size,
            "even": shown.is_even,
            "tracks": [self._track(track, story.duration) for track in shown.tracks],
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

    def _call(self, call: PrintedCall) -> dict[str, Any]:
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
                for line in call.sent
            ],
            "whole": self._is_short(call),
            "answer": [
                [self.told(one.name), self.told(one.value), self._stays_whole(one.value)] for one in call.answered
            ],
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

    def _is_short(self, call: PrintedCall) -> bool:
        rows = len(call.sent) + len(call.answered)
        told = [line.configured or "" for line in call.sent] + [line.passed or "" for line in call.sent]
        return rows <= _MOST_ROWS and self._stays_whole(call.error, *told, *(one.value for one in call.answered))

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
