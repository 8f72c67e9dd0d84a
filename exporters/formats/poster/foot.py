"""The foot of a poster: the day, and a code that leads telephones to the page of the run."""

from __future__ import annotations

from typing import Any

import segno

from exporters.formats.pdf.flow import draw_letters
from exporters.formats.pdf.lines import Span, Typesetter
from exporters.formats.pdf.styles import GREY, INK, MARGIN, PAGE_WIDTH, WIDTH, Style
from exporters.formats.poster.contents import Poster

_BOTTOM, _CODE = 28.0, 58.0
_STYLE = Style(9, colour=GREY)


def draw_foot(setter: Typesetter, canvas: Any, poster: Poster) -> None:
    """Date at the left; at the right what the code is for, and the code."""
    draw_letters(canvas, setter.lines([Span(poster.date, _STYLE)], WIDTH)[0], MARGIN, _BOTTOM)
    if not poster.address:
        return
    hint = setter.lines([Span(poster.hint, _STYLE)], WIDTH)[0]
    draw_letters(canvas, hint, PAGE_WIDTH - MARGIN - _CODE - 10 - hint.width, _BOTTOM)
    _draw_code(canvas, poster.address, PAGE_WIDTH - MARGIN - _CODE, _BOTTOM)


def _draw_code(canvas: Any, address: str, left: float, bottom: float) -> None:
    rows = [bytes(row) for row in segno.make_qr(address, error="m").matrix]
    cell = _CODE / len(rows)
    canvas.setFillColorRGB(*INK)
    for number, row in enumerate(rows):
        for place, is_dark in enumerate(row):
            if is_dark:
                top = bottom + _CODE - (number + 1) * cell
                # A little over: no white line between two that touch.
                canvas.rect(left + place * cell, top, cell * 1.02, cell * 1.02, stroke=0, fill=1)
