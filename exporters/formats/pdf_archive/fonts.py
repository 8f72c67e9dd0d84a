"""Which fonts a document is set in, and which of its characters none of them can draw.

Noto comes in two packages of data from PyPI, so that a text looks the same on every machine. Other scripts are looked
for in the machine's own fonts; a character that no font has becomes a visible sign.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporters.formats.pdf.fontfiles import SUFFIXES, package_folders
from exporters.formats.pdf.typefaces import EAST_ASIAN
from exporters.formats.pdf_archive.engine import draws_all, undrawable

if TYPE_CHECKING:
    import typst

_FOR_TEXT = ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial", "Libertinus Serif")
"""The first that is there sets the text; the last is inside the engine."""
_LAST = ("Noto Sans Symbols", "New Computer Modern Math", "DejaVu Sans Mono", "Libertinus Serif")
_IN_THE_ENGINE = ((0x20, 0x7E), (0xA0, 0x17F), (0x391, 0x3A1), (0x3A3, 0x3C9), (0x410, 0x44F), (0x2013, 0x2014))
"""Letters that the fonts inside the engine are known to have; those fonts are in no file that could be read."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Typefaces:
    """Fonts as the engine takes them, the families in the order in which they are asked, and what none of them has."""

    loaded: typst.Fonts
    families: tuple[str, ...]
    missing: frozenset[str] = frozenset()

    def for_language(self, code: str | None) -> list[str | dict[str, str]]:
        """The families for a text in that language, as the engine takes them.

        East Asian punctuation comes from the East Asian font, also where a Latin one has it: it is as wide as a letter.
        """
        shapes = EAST_ASIAN.get(code or "")
        usual = [name for name in self.families if not name.startswith("Noto Sans CJK")]
        if not shapes or shapes not in self.families:
            return [*usual, *(name for name in self.families if name == EAST_ASIAN["zh"])]
        first, *others = usual
        return [{"name": first, "covers": "latin-in-cjk"}, shapes, *others]


def typefaces_for(text: Iterable[str]) -> Typefaces:
    """Fonts for these characters: those of the packages, and fonts of this machine for what they lack."""
    usual, characters = _packaged(), frozenset(text)
    # One question to the engine for nearly all documents; which characters are lacking takes reading every font.
    if draws_all("".join(sorted(characters)), usual.loaded, usual.families):
        return usual
    lacking = undrawable(sorted(characters - _covered_by_packages()), usual.loaded, usual.families)
    return _with_fonts_of_this_machine(lacking)


@cache
def _packaged() -> Typefaces:
    import typst

    folders = list(package_folders())
    loaded = typst.Fonts(include_system_fonts=not folders, font_paths=folders)
    return Typefaces(loaded, _in_order(loaded.families()))


@cache
def _covered_by_packages() -> frozenset[str]:
    files = [path for folder in package_folders() for path in Path(folder).iterdir() if path.suffix in SUFFIXES]
    own = (chr(code) for first, last in _IN_THE_ENGINE for code in range(first, last + 1))
    return frozenset(own).union(*map(_covered_by, files))


@lru_cache(maxsize=64)
def _with_fonts_of_this_machine(lacking: frozenset[str]) -> Typefaces:
    """The packaged fonts, and behind them those of this machine that have what is lacking."""
    import typst

    usual, still, helpful = _packaged(), set(lacking), []
    for font in _fonts_of_this_machine():
        if not still:
            break
        covered = _covered_by(Path(font.path))
        if still & covered:
            helpful.append(font.family)
            still -= covered
    if not helpful:
        return replace(usual, missing=frozenset(still))
    loaded = typst.Fonts(include_system_fonts=True, font_paths=list(package_folders()))
    return Typefaces(loaded, (*usual.families, *helpful), frozenset(still))


@cache
def _fonts_of_this_machine() -> list[Any]:
    """Upright regular fonts, in an order that does not depend on where they lie."""
    import typst

    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False).fonts()
    plain = [font for font in fonts if font.path and font.style == "normal" and font.weight == 400]
    return sorted(plain, key=lambda font: (not font.family.startswith("Noto Sans"), font.family, font.path))


def _in_order(families: Iterable[str]) -> tuple[str, ...]:
    there = list(families)
    text = next(name for name in (*_FOR_TEXT, *there) if name in there)
    scripts = [name for name in there if name.startswith("Noto Sans ") and name not in _LAST]
    wanted = dict.fromkeys((text, "Noto Emoji", *scripts, *_LAST))
    return tuple(name for name in wanted if name in there)


@cache
def _covered_by(path: Path) -> frozenset[str]:
    """The characters that a font file has glyphs for; none where it cannot be read."""
    from fontTools.ttLib import TTFont

    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            return frozenset(map(chr, font.getBestCmap() or ()))
    except Exception:  # the fonts of a machine may be anything
        _log.debug("the font %s cannot be read", path, exc_info=True)
        return frozenset()
