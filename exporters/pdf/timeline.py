"""The timeline: a bar for every span, drawn to scale."""

from __future__ import annotations

from typing import Any

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import Color
from reportlab.platypus import Flowable

from exporters.appendix.story import Story
from exporters.journey_parts import Bar
from exporters.pdf.flow import Text, indented, right
from exporters.pdf.lines import Span, Typesetter
from exporters.pdf.parts import Command, heading, paragraph, table, tag
from exporters.pdf.styles import GREY, INK, TONES, WASH, WIDTH, Colour, Style, lighter, stage_colour
from exporters.readable import seconds

_MOST_BARS = 250
_LABELS, _TIMES = 158.0, 46.0
_ROOM = WIDTH - _LABELS - _TIMES
_HEIGHT = 6.5
_STEP = 7.0
"""How much deeper a span is written than the one that it is a part of."""
_SIZE = 7.5
_MOST_LINES = 3


def timeline(setter: Typesetter, story: Story) -> list[Flowable]:
    """The chapter of the timeline; nothing where there are no spans."""
    journey, words = story.journey, story.words
    bars, more = journey.timeline[:_MOST_BARS], len(journey.timeline) - _MOST_BARS
    if not bars:
        return []
    since = tag(setter, words["since"], _ROOM / 2)
    whole = right(tag(setter, seconds(journey.duration), _ROOM / 2))
    head = [Text(tag(setter, words["what"], _LABELS)), Text(since), Text(whole)]
    rows = [[*head, Text(right(tag(setter, words["took"], _TIMES)))]]
    rows += [_row(setter, bar, journey.duration) for bar in bars]
    style: list[Command] = [
        ("BACKGROUND", (1, 1), (2, -1), WASH),
        ("TOPPADDING", (1, 1), (2, -1), 2.6),
        ("BOTTOMPADDING", (0, 0), (-1, 0), 3),
        *(("SPAN", (1, row), (2, row)) for row in range(1, len(rows))),
    ]
    made = table(rows, [_LABELS, _ROOM / 2, _ROOM / 2, _TIMES], style, heads=1)
    notes = [words["timeline key"], *([words["more rows"].format(count=f"{more:,}")] if more > 0 else [])]
    return [
        *heading(setter, words["timeline"], "timeline"),
        made,
        *(flowable for note in notes for flowable in paragraph(setter, note, above=4)),
    ]


def _row(setter: Typesetter, bar: Bar, duration: float) -> list[Any]:
    indent = min(bar.depth, 8) * _STEP
    ink = TONES["bad"] if bar.failed else GREY if bar.is_attempt else INK
    label = setter.lines([Span(bar.label, Style(_SIZE, colour=ink))], _LABELS - indent - 6)[:_MOST_LINES]
    took = setter.lines([Span(bar.took, Style(_SIZE, colour=GREY))], _TIMES)
    return [Text(indented(label, indent)), _drawn(bar, duration), "", Text(right(took))]


def _drawn(bar: Bar, duration: float) -> Drawing:
    start = min(max(bar.start, 0.0), duration)
    # A span that never ended went on as long as anything did.
    lasts = duration - start if bar.seconds is None else min(bar.seconds, duration - start)
    scale = _ROOM / duration if duration > 0 else 0
    drawing = Drawing(_ROOM, _HEIGHT)
    width = max(lasts * scale, 1)
    left = min(start * scale, _ROOM - width)
    drawing.add(Rect(left, 0, width, _HEIGHT, fillColor=Color(*_colour(bar)), strokeColor=None))
    return drawing


def _colour(bar: Bar) -> Colour:
    if bar.failed:
        return TONES["bad"]
    own = stage_colour(bar.stage)
    return lighter(own) if bar.is_attempt else own
