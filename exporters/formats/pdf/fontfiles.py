"""Which font files there are: Noto from two packages of data, then whatever this machine has.

The packages come first, so that a text looks the same on every machine. TrueType or PostScript outlines, variable or
not, one font in a file or ten: HarfBuzz reads them all.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uharfbuzz as hb

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
"""Import names of the font packages (SIL Open Font License 1.1)."""

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")

_OUTLINES = frozenset(["glyf", "CFF ", "CFF2"])
_PLAIN = ("regular", "book", "roman", "normal", "medium")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class FontFile:
    """One font of a file, and the code points it has glyphs for."""

    family: str
    path: str
    face: hb.Face
    covered: hb.Set

    def has(self, text: str) -> bool:
        """Whether there is a glyph for each of these characters."""
        return all(ord(character) in self.covered for character in text)


@cache
def package_folders() -> tuple[str, ...]:
    """Where the font packages lie; a warning is logged for each that is not installed."""
    folders = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            folders.append(str(Path(spec.origin).parent))
        else:
            _log.warning("the font package %s is not installed: documents are set in what this machine has", name)
    return tuple(folders)


@cache
def packaged_fonts() -> tuple[FontFile, ...]:
    """The upright fonts of the packages."""
    paths = [path for folder in package_folders() for path in sorted(Path(folder).iterdir())]
    return tuple(font for path in paths if "Italic" not in path.name for font in _fonts_in(path))


@cache
def fonts_of_this_machine() -> tuple[FontFile, ...]:
    """Upright fonts of usual weight, Noto first, in an order that does not depend on where they lie; and those of
    ReportLab, which are always there and have the letters of Western Europe."""
    found = [font for path in _machine_paths() if _looks_plain(path) for font in _fonts_in(path)]
    ordered = sorted(found, key=lambda font: (not font.family.startswith("Noto Sans"), font.family, font.path))
    return (*ordered, *_fonts_of_reportlab())


def _machine_paths() -> Iterator[Path]:
    for folder in _machine_folders():
        for place, _, names in os.walk(folder):
            yield from (Path(place, name) for name in sorted(names))


def _machine_folders() -> list[Path]:
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", "C:/Windows"), "Fonts")]
    own = [Path.home() / ".fonts", Path.home() / ".local/share/fonts"]
    if sys.platform == "darwin":
        return [Path.home() / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    return [*own, Path("/usr/local/share/fonts"), Path("/usr/share/fonts")]


def _looks_plain(path: Path) -> bool:
    style = path.stem.rpartition("-")[2].lower() if "-" in path.stem else "regular"
    return path.suffix.lower() in SUFFIXES and style.partition("[")[0] in _PLAIN


def _fonts_of_reportlab() -> Iterator[FontFile]:
    import reportlab

    return _fonts_in(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")


def _fonts_in(path: Path) -> Iterator[FontFile]:
    """The fonts in a file that can be drawn; none where it cannot be read."""
    if path.suffix.lower() not in SUFFIXES:
        return
    import uharfbuzz as hb

    try:
        blob = hb.Blob.from_file_path(str(path))
        faces = [hb.Face(blob, number) for number in range(hb.Face(blob, 0).count)]
        for face in faces:
            # Emoji in colours are pictures, without outlines.
            if _OUTLINES.intersection(face.table_tags):
                yield FontFile(_family(face), str(path), face, face.unicodes)
    except Exception:  # the fonts of a machine may be anything
        _log.debug("the font %s cannot be read", path, exc_info=True)


def _family(face: hb.Face) -> str:
    import uharfbuzz as hb

    names = (hb.OTNameIdPredefined.TYPOGRAPHIC_FAMILY, hb.OTNameIdPredefined.FONT_FAMILY)
    return next((name for one in names if (name := face.get_name(one))), "Font")
