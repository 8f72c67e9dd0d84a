"""Set a poster on one page: letters as large as there is room for, the pictures in what is left."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportlab.platypus import Flowable

from exporters.formats.pdf import pages, texts_of
from exporters.formats.pdf.flow import TextBlock, each, gap
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.parts import plain, tag
from exporters.formats.pdf.structure import Node
from exporters.formats.pdf.styles import BOTTOM, GREY, INK, MARGIN, PAGE_HEIGHT, SMALL, TONES, WIDTH, Style
from exporters.formats.pdf.typefaces import typefaces_for
from exporters.formats.poster.contents import Poster, PosterText
from exporters.formats.poster.foot import draw_foot
from exporters.formats.poster.row import PictureRow, size_in_row
from exporters.story.letters import cut

_HEIGHT = PAGE_HEIGHT - MARGIN - BOTTOM - 30
_SIZES = (9.0, 10.5, 12.0, 14.0, 16.0, 18.0, 21.0, 24.0, 27.0, 30.0, 34.0, 40.0, 46.0, 52.0)
_ROOM_FOR_PICTURES = 330.0
_BETWEEN, _BELOW_LABEL = 20.0, 4.0
_WAY = Style(12, 500, GREY)
_SHORTEST = 200
_MOST_LINES = 12
_MOST_STOPS, _LONGEST_NAME = 24, 30


@dataclass(frozen=True, slots=True)
class _Texts:
    """The lines of all texts, in the order in which they stand."""

    title: list[Line]
    first: list[Line]
    way: list[Line]
    last: list[Line]
    labels: tuple[list[Line], list[Line]]

    @property
    def height(self) -> float:
        blocks = (self.title, *self.labels, self.first, self.way, self.last)
        return sum(line.height + line.above for block in blocks for line in block) + 4 * _BETWEEN + 2 * _BELOW_LABEL


def set_poster(poster: Poster) -> bytes:
    """The PDF of a poster."""
    setter = Typesetter(typefaces_for(texts_of(poster)), poster.language)
    texts = _fitted(setter, poster)
    return pages.build(
        _flowables(poster, texts),
        lambda canvas, *_: draw_foot(setter, canvas, poster),
        moment=poster.moment.astimezone(dt.UTC),
        attachment=None,
        for_archives=False,
        title=plain(poster.title),
        author="otel-tracking",
        subject=plain(poster.date),
        keywords=[],
        lang=poster.language,
    )


def _flowables(poster: Poster, texts: _Texts) -> Sequence[Flowable]:
    first_label, last_label = texts.labels
    bar = TONES["key"]
    found: list[Flowable] = [
        TextBlock(texts.title, node=Node("H1")),
        gap(_BETWEEN),
        TextBlock(first_label),
        gap(_BELOW_LABEL),
        TextBlock(texts.first),
        gap(_BETWEEN),
        TextBlock(texts.way),
        gap(_BETWEEN if texts.way else 0),
        TextBlock(last_label),
        gap(_BELOW_LABEL),
        TextBlock(each(texts.last, bar=bar, indent=14)),
    ]
    if poster.pictures:
        room = max(_HEIGHT - texts.height, 60.0)
        found += [gap(_BETWEEN), PictureRow(poster.pictures, poster.alternatives, WIDTH, room)]
    return found


def _fitted(setter: Typesetter, poster: Poster) -> _Texts:
    """The texts in the largest letters that leave room for the pictures; what fits in none is cut, and says so."""
    room = _HEIGHT - (min(_ROOM_FOR_PICTURES, size_in_row(poster.pictures, WIDTH)) if poster.pictures else 0)
    smallest = _set(setter, poster, _SIZES[0])
    longest = max(len(poster.first.text), len(poster.last.text))
    if smallest.height > room and longest > _SHORTEST:
        most = max(int(longest * min(room / smallest.height, 0.9)), _SHORTEST)
        first, last = (_shortened(said, most, poster.cut_note) for said in (poster.first, poster.last))
        return _fitted(setter, replace(poster, first=first, last=last))
    fitting = bisect_right(_SIZES, room, key=lambda size: _set(setter, poster, size).height)
    return _set(setter, poster, _SIZES[fitting - 1]) if fitting else _clipped(smallest)


def _clipped(texts: _Texts) -> _Texts:
    """What is still too high, of short texts of many lines: the first ones."""
    return replace(texts, first=texts.first[:_MOST_LINES], last=texts.last[:_MOST_LINES])


def _shortened(said: PosterText, most: int, note: str) -> PosterText:
    whole = said.text.removesuffix(f" {note}")
    return replace(said, text=f"{cut(whole, most)} {note}") if len(whole) > most else said


def _set(setter: Typesetter, poster: Poster, size: float) -> _Texts:
    way = " → ".join(_short_way(poster.way))
    return _Texts(
        title=setter.lines([Span(poster.title, Style(15, 600, TONES["key"]))], WIDTH, leading=1.3),
        first=_lines(setter, poster.first, size, 0),
        way=setter.lines([Span(way, _WAY)], WIDTH, leading=1.6) if way else [],
        last=_lines(setter, poster.last, size, 14),
        labels=(tag(setter, poster.first.label, WIDTH), tag(setter, poster.last.label, WIDTH)),
    )


def _short_way(way: Sequence[str]) -> Sequence[str]:
    """Of very many languages the first and the last."""
    names = [cut(name, _LONGEST_NAME) for name in way]
    return names if len(names) <= _MOST_STOPS else [*names[: _MOST_STOPS // 2], "…", *names[-_MOST_STOPS // 2 :]]


def _lines(setter: Typesetter, said: PosterText, size: float, indent: float) -> list[Line]:
    style: Any = SMALL.but(size=11) if said.is_note else Style(size, 500, INK)
    return setter.lines([Span(said.text, style, said.language)], WIDTH - indent, leading=1.3)
