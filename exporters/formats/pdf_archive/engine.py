"""Set pages with typst: what it is given, and which promises its document keeps.

The engine works outside of Python's lock: a pipeline in the same process goes on meanwhile.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import typst

Standard: TypeAlias = "list[typst.PDFStandard]"

STANDARDS: tuple[Standard, ...] = (["a-3a", "ua-1"], ["a-3b"], [])
"""What a document keeps, the strictest first: archivable with an attachment and accessible; archivable; neither."""

_ASKED_AT_MOST = 60
_A_DAY = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_EVERY_CHARACTER = """
#set document(title: "characters", date: datetime(year: 2000, month: 1, day: 1))
#set text(font: json(bytes(sys.inputs.families)), lang: "en")
#sys.inputs.characters
"""


def set_pages(
    content: Mapping[str, Any], files: Mapping[str, bytes], fonts: typst.Fonts, moment: dt.datetime, tagged: bool
) -> bytes:
    """The PDF of `content`, laid out by `template.typ`, with `files` beside it; made at `moment`, as it says.

    `tagged` documents say what is a heading and what a table, for screen readers, and cost memory for every letter.
    """
    with tempfile.TemporaryDirectory(prefix="otel-tracking-pdf-") as folder:
        place = Path(folder)
        for name, data in files.items():
            (place / name).write_bytes(data)
        (place / "content.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        return _strictest(place, fonts, moment.replace(microsecond=0), STANDARDS if tagged else STANDARDS[1:])


def draws_all(characters: str, fonts: typst.Fonts, families: Sequence[str]) -> bool:
    """Whether there is a glyph for each of these characters in some font."""
    import typst

    inputs = {"characters": characters, "families": json.dumps(families)}
    try:
        # An archivable document must not have a missing glyph; nothing else in this one could be wrong.
        _compile(_EVERY_CHARACTER.encode(), fonts, _A_DAY, ["a-3b"], sys_inputs=inputs)
    except typst.TypstError:
        return False
    return True


def undrawable(characters: Sequence[str], fonts: typst.Fonts, families: Sequence[str]) -> frozenset[str]:
    """Those of the characters that no font has, as far as there is time to ask: the engine says only yes or no."""
    asked, unasked = characters[:_ASKED_AT_MOST], characters[_ASKED_AT_MOST:]
    return frozenset(unasked).union(_undrawable(asked, fonts, families))


def _undrawable(characters: Sequence[str], fonts: typst.Fonts, families: Sequence[str]) -> Iterator[str]:
    if not characters or draws_all("".join(characters), fonts, families):
        return
    if len(characters) == 1:
        yield characters[0]
        return
    middle = len(characters) // 2
    for half in (characters[:middle], characters[middle:]):
        yield from _undrawable(half, fonts, families)


def _strictest(place: Path, fonts: typst.Fonts, moment: dt.datetime, standards: Sequence[Standard]) -> bytes:
    import typst

    for standard in standards[:-1]:
        try:
            return _compile(_template(), fonts, moment, standard, root=place)
        except typst.TypstError as trouble:
            if not _is_about_the_standard(trouble):
                raise
    return _compile(_template(), fonts, moment, standards[-1], root=place)


def _template() -> bytes:
    return resources.files(__package__).joinpath("template.typ").read_bytes()


def _is_about_the_standard(trouble: typst.TypstError) -> bool:
    return trouble.message.startswith(("PDF/A", "PDF/UA"))


def _compile(source: bytes, fonts: typst.Fonts, moment: dt.datetime, standard: Standard, **more: Any) -> bytes:
    import typst

    compiler = typst.Compiler(source, font_paths=fonts, ignore_system_fonts=True, **more)
    try:
        made = compiler.compile(format="pdf", pdf_standards=standard, timestamp=moment, pdf_tags="a-3a" in standard)
    except BaseException as trouble:
        # The engine's own failures are no Exception, and would end the thread that delivers records.
        if isinstance(trouble, Exception) or type(trouble).__name__ != "PanicException":
            raise
        raise RuntimeError(f"the PDF engine failed: {trouble}") from trouble
    assert isinstance(made, bytes)
    return made
