"""Words as glyphs: HarfBuzz joins, stacks and orders letters as their script wants it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from exporters.formats.pdf.fontfiles import FontFile

if TYPE_CHECKING:
    import uharfbuzz as hb

PER_EM = 1000.0
"""Widths are in thousandths of the size of the letters, as in PDF."""


_TOLD_AT_ONCE = re.compile(r"[\U00010000-\U0010ffff]|[^\U00010000-\U0010ffff]{1,8}")
"""What one glyph can stand for: some readers of PDF take no more."""


class PlacedGlyph(NamedTuple):
    """A glyph of the font, and how far it stands off from where its cluster begins."""

    number: int
    right: float
    up: float


class Glyph(NamedTuple):
    """What a cluster of letters looks like, as one: its parts, how far it moves the pen, and the letters themselves.

    A letter and its dots, or a syllable, are several glyphs of a font. Drawn as one they stand for their letters
    exactly; apart, one of them would stand for all and the others for nothing, which readers of PDF make spaces of.
    """

    parts: tuple[PlacedGlyph, ...]
    advance: float
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Typeface:
    """A font at one weight."""

    name: str
    font: hb.Font
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Glyphs of one typeface that stand side by side, from left to right; a sign in a frame where there is none."""

    text: str
    level: int
    glyphs: tuple[Glyph, ...]
    width: float
    typeface: Typeface


@cache
def typeface(file: FontFile, weight: int) -> Typeface:
    """A font at that weight, as far as it has weights."""
    import uharfbuzz as hb

    font = hb.Font(file.face)
    if any(axis.tag == "wght" for axis in file.face.axis_infos):
        font.set_variations({"wght": weight})
    plain = "".join(letter for letter in file.family if letter.isascii() and letter.isalnum())
    return Typeface(f"{plain or 'Font'}-{weight}", font, PER_EM / file.face.upem)


@lru_cache(maxsize=4_000)
def shape(text: str, face: Typeface, level: int, language: str | None) -> Piece:
    """The glyphs of a text of one font and one direction."""
    import uharfbuzz as hb

    buffer = hb.Buffer()
    buffer.add_str(text)
    if level % 2:
        buffer.direction = "rtl"
        # A vowel sign stands for itself: readers of PDF turn the letters of a word around one by one.
        buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
    else:
        buffer.direction = "ltr"
    if language:
        buffer.language = language
    buffer.guess_segment_properties()
    hb.shape(face.font, buffer)
    glyphs = tuple(_glyphs(buffer, text, face.scale))
    return Piece(text, level, glyphs, sum(glyph.advance for glyph in glyphs), face)


def _glyphs(buffer: hb.Buffer, text: str, scale: float) -> Iterator[Glyph]:
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    starts = sorted({info.cluster for info in infos})
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    for cluster, group in groupby(zip(infos, positions, strict=True), key=lambda pair: pair[0].cluster):
        parts, pen = [], 0.0
        for info, position in group:
            right, up = pen + position.x_offset * scale, position.y_offset * scale
            parts.append(PlacedGlyph(info.codepoint, round(right, 2), round(up, 2)))
            pen += position.x_advance * scale
        told, *others = _TOLD_AT_ONCE.findall(text[cluster : ends[cluster]])
        yield Glyph(tuple(parts), pen, told)
        # Nothing to be seen stands for the rest.
        yield from (Glyph((), 0, rest) for rest in others)
