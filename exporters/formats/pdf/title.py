"""The head of a document: what was run, what was asked, what came of it."""

from __future__ import annotations

from reportlab.platypus import Flowable

from exporters.formats.pdf.flow import TextBlock, each, gap, stacked
from exporters.formats.pdf.lines import Span, Typesetter
from exporters.formats.pdf.parts import names_and_values, plain, table, tag
from exporters.formats.pdf.structure import Node, group
from exporters.formats.pdf.styles import SMALL, TEXT, TONES, WASH, WHITE, WIDTH, Style, stage_colour
from exporters.formats.printed.layout import Printed
from exporters.story.parts import Parameter

_LONG_TITLE = 70
_PADDING = 9
_BETWEEN = 14
_NAMES = 92
_LEFT = 270
"""The wider of the two columns of facts: the long ids are there."""


def title(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The first half page."""
    size = 22 if len(story.title) < _LONG_TITLE else 13
    name = setter.lines([Span(story.title, Style(size, 600, TONES["key"]))], WIDTH, leading=1.3)
    return [
        TextBlock(tag(setter, story.words["record"], WIDTH)),
        TextBlock(name, node=Node("H1")),
        gap(8),
        *_prompt(setter, story),
        _outcome(setter, story),
        gap(9),
        *_facts(setter, story.facts),
    ]


def _prompt(setter: Typesetter, story: Printed) -> list[Flowable]:
    if not story.prompt:
        return []
    asked = setter.lines([Span(story.prompt.text, Style(12), story.prompt.language)], WIDTH - 12, leading=1.45)
    cut = setter.lines([Span(story.prompt.cut, SMALL)], WIDTH - 12) if story.prompt.cut else []
    return [TextBlock(each(stacked(asked, cut), bar=stage_colour(1), indent=12)), gap(11)]


def _outcome(setter: Typesetter, story: Printed) -> Flowable:
    """The status in a box, and what came of the run beside it."""
    word = story.words.get(f"is {story.status}", story.status)
    status = setter.lines([Span(plain(word)[:40], Style(8, 600, WHITE))], 160, leading=13)
    badge = min(max((line.width for line in status), default=0), 160) + 10
    room = WIDTH - 2 * _PADDING - badge - 8
    said = setter.lines([Span(story.outcome)], room, leading=13)
    way = setter.lines([Span(" → ".join(map(plain, story.languages)), SMALL)], room) if story.languages else []
    badged = TextBlock(status)
    mark = table(
        [[badged]],
        [badge],
        [
            ("BACKGROUND", (0, 0), (-1, -1), TONES[story.tone]),
            ("LEFTPADDING", (0, 0), (-1, -1), 5),
            ("ROUNDEDCORNERS", [2, 2, 2, 2]),
        ],
        node=group(badged),
    )
    text = TextBlock(stacked(said, way))
    return table(
        [["", mark, "", text, ""]],
        [_PADDING, badge, 8, room, _PADDING],
        [
            ("BACKGROUND", (0, 0), (-1, -1), WASH),
            ("TOPPADDING", (0, 0), (-1, -1), _PADDING),
            ("BOTTOMPADDING", (0, 0), (-1, -1), _PADDING),
            ("ROUNDEDCORNERS", [3, 3, 3, 3]),
        ],
        node=group(mark, text),
    )


def _facts(setter: Typesetter, facts: tuple[Parameter, ...]) -> list[Flowable]:
    """Names and values in two columns; short ones, for long ones are at the end of the document."""
    half = (len(facts) + 1) // 2
    widths = (_LEFT, WIDTH - _BETWEEN - _LEFT)
    style = TEXT.but(size=8.5)
    columns = [
        names_and_values(setter, part, (_NAMES, width - _NAMES), style)
        for part, width in zip((facts[:half], facts[half:]), widths, strict=True)
    ]
    if not any(columns):
        return []
    cells = [columns[0] or "", "", columns[1] or ""]
    return [table([cells], [widths[0], _BETWEEN, widths[1]], [], node=group(*columns[0], *columns[1]))]
