"""The timeline: a bar for every span, drawn to scale."""

from __future__ import annotations

from typing import Any

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import Color
from reportlab.platypus import Flowable

from exporters.formats.pdf.flow import TextBlock, each
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.long_table import Command
from exporters.formats.pdf.parts import heading, paragraph, table, tag
from exporters.formats.pdf.styles import GREY, INK, TONES, WASH, WIDTH, Colour, Style, lighter, stage_colour
from exporters.formats.printed.layout import Printed
from exporters.formats.printed.timeline import Timeline, Track, extent
from exporters.story.parts import Bar
from exporters.story.readable import seconds

_LABELS, _TIMES = 158.0, 46.0
_ROOM = WIDTH - _LABELS - _TIMES
_INDENT = 7.0
"""How much deeper a span is written than the one that it is a part of."""
_MOST_LINES = 3
_HEADING, _NOTE = 50.0, 18.0
"""Room for what stands above and below the rows."""


def timeline(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The chapter of the timeline, all on one page; nothing where there are no spans."""
    words, shown = story.words, story.timeline
    if not shown.tracks:
        return []
    rows = [_head(setter, story), *(_row(setter, track, shown, story.duration) for track in shown.tracks)]
    style: list[Command] = [
        ("BACKGROUND", (1, 1), (2, -1), WASH),
        ("VALIGN", (1, 1), (2, -1), "MIDDLE"),
        ("BOTTOMPADDING", (0, 0), (-1, 0), 3),
        ("NOSPLIT", (0, 0), (-1, -1)),
        *(("SPAN", (1, row), (2, row)) for row in range(1, len(rows))),
    ]
    made = table(rows, [_LABELS, _ROOM / 2, _ROOM / 2, _TIMES], style, heads=1)
    more = [words["more spans"].format(count=f"{shown.more:,}")] if shown.more else []
    notes = [words["timeline key"], *more]
    room = made.wrap(WIDTH, 1e6)[1] + _HEADING + _NOTE * len(notes)
    return [
        *heading(setter, words["timeline"], "timeline", room=room),
        made,
        *(flowable for note in notes for flowable in paragraph(setter, note, above=4)),
    ]


def _head(setter: Typesetter, story: Printed) -> list[Any]:
    words = story.words
    since = tag(setter, words["since"], _ROOM / 2)
    whole = each(tag(setter, seconds(story.duration), _ROOM / 2), to_the_right=True)
    took = each(tag(setter, words["took"], _TIMES), to_the_right=True)
    return [TextBlock(tag(setter, words["what"], _LABELS)), TextBlock(since), TextBlock(whole), TextBlock(took)]


def _row(setter: Typesetter, track: Track, shown: Timeline, duration: float) -> list[Any]:
    bar = track.bar
    indent = min(bar.depth, 8) * _INDENT
    ink = TONES["bad"] if bar.failed else GREY if bar.is_attempt else INK
    label = _lines(setter, bar.label, ink, _LABELS - indent - 6, shown)[: 1 if shown.is_even else _MOST_LINES]
    took = _lines(setter, bar.took, GREY, _TIMES, shown)
    shown_took = TextBlock(each(took[:1], to_the_right=True))
    return [TextBlock(each(label, indent=indent)), _drawn(track, duration, shown.step), [], shown_took]


def _lines(setter: Typesetter, text: str, ink: Colour, width: float, shown: Timeline) -> list[Line]:
    return setter.lines([Span(text, Style(shown.size, colour=ink))], width, leading=shown.step)


def _drawn(track: Track, duration: float, step: float) -> Drawing:
    """The span, and the calls in it on top."""
    drawing = Drawing(_ROOM, step)
    for bar in (track.bar, *track.calls):
        drawing.add(_rectangle(bar, duration, step))
    return drawing


def _rectangle(bar: Bar, duration: float, step: float) -> Rect:
    start, lasts = extent(bar, duration)
    scale = _ROOM / duration if duration > 0 else 0
    width = max(lasts * scale, 1)
    left = min(start * scale, _ROOM - width)
    return Rect(left, step * 0.2, width, step * 0.6, fillColor=Color(*_colour(bar)), strokeColor=None)


def _colour(bar: Bar) -> Colour:
    if bar.failed:
        return TONES["bad"]
    own = stage_colour(bar.stage)
    return lighter(own) if bar.is_attempt else own
