"""A document from its first page to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from reportlab.platypus import Flowable

from exporters.formats.pdf.about import about, about_the_run, drift, remarks, settings
from exporters.formats.pdf.calls import calls
from exporters.formats.pdf.figures import figures
from exporters.formats.pdf.flow import draw_letters
from exporters.formats.pdf.journey import journey
from exporters.formats.pdf.lines import Span, Typesetter
from exporters.formats.pdf.parts import plain
from exporters.formats.pdf.styles import GREY, MARGIN, PAGE_WIDTH, WIDTH, Style
from exporters.formats.pdf.timeline import timeline
from exporters.formats.pdf.title import title
from exporters.formats.printed.layout import Printed

_OF_A_RUN = (title, remarks, journey, drift, figures, timeline, calls, settings)
_Chapter = Callable[[Typesetter, Printed], list[Flowable]]
_FOOTER = Style(7.5, colour=GREY)
_FOOTER_HEIGHT = 34.0
_PAGE_NUMBER = 90.0


def flowables(setter: Typesetter, story: Printed) -> list[Flowable]:
    """All chapters; the last one is made last, because it explains what the others needed."""
    return _made((*_OF_A_RUN, about), setter, story)


def run_among_others(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The same chapters of one of many runs; what belongs to all of them is said elsewhere."""
    return _made((*_OF_A_RUN, about_the_run), setter, story)


def _made(chapters: Iterable[_Chapter], setter: Typesetter, story: Printed) -> list[Flowable]:
    made = [chapter(setter, story) for chapter in chapters]
    return [flowable for chapter in made for flowable in chapter]


def footer(setter: Typesetter, story: Printed) -> Callable[[Any, int, int], None]:
    """What draws the foot of a page: which run this is, and which page of how many."""

    def draw(canvas: Any, number: int, pages: int) -> None:
        draw_footer(setter, canvas, story.execution_id, f"{story.words['page']} {number} / {pages}")

    return draw


def draw_footer(setter: Typesetter, canvas: Any, left: str, right: str) -> None:
    """Two texts at the foot of a page, one at each side."""
    for text, is_right in ((left, False), (right, True)):
        line = setter.lines([Span(text, _FOOTER)], WIDTH - _PAGE_NUMBER, direction="ltr")[0]
        place = PAGE_WIDTH - MARGIN - line.width if is_right else MARGIN
        draw_letters(canvas, line, place, _FOOTER_HEIGHT)


def told_of(story: Printed) -> dict[str, Any]:
    """What the file says of itself, as ReportLab takes it."""
    return {
        "title": plain(f"{story.title} · {story.execution_id}"),
        "author": "otel-tracking",
        "subject": plain(story.outcome),
        "keywords": [plain(word) for word in (story.title, story.status, story.execution_id)],
        "lang": story.language,
    }
