"""What one box, or one stage, looks like on the terminal: a label, a text and who did it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devserver.cli.showing.terminal_words import ITEM_WORDS
from devserver.cli.showing.text import safe_line, safe_text
from exporters.story.parts import Box
from exporters.story.words import ENGLISH
from otel_tracking import ItemType

_UNTRANSLATED = {**ENGLISH, "not translated": "–"}
"""In the narrow column of languages; the note beside the text says it in words."""


@dataclass(frozen=True, slots=True)
class JourneyLine:
    """One line of the journey; every text in it is safe to show. `note` is what a reader must know of the text."""

    label: str
    text: str
    who: str = ""
    took: str = ""
    style: str = ""
    note: str = ""


def row_of(box: Box) -> JourneyLine:
    """The row of a box.

    >>> row_of(Box(number=4, item_type="interception_iteration", label="Hop 2", hop=2, text="Una flor",
    ...            from_language="en", to_language="es", made_by="apertium", seconds="0.25 s"))
    JourneyLine(label='2  en → es', text='Una flor', who='apertium', took='0.25 s', style='', note='')
    """
    note = box.left.told(ENGLISH) if box.left else ""
    return JourneyLine(_label(box), _text(box), safe_line(box.made_by), box.seconds, _style(box), note)


def stage_title(stage: int | None, loop_iteration: int | None = None, config_used: Any = None) -> str:
    """The heading of a stage, with the output it belongs to.

    >>> stage_title(2), stage_title(4, 1, "sd35_large")
    ('2  Interception', '4  Output 1: sd35_large')
    """
    title = ENGLISH.get(f"stage {stage or 0}", ENGLISH["stage"])
    if loop_iteration is not None:
        title = f"{title} {loop_iteration}"
    if config_used:
        title = f"{title}: {safe_line(config_used)}"
    return f"{stage if stage is not None else '?'}  {title}"


def way_of(box: Box) -> str:
    """`de → en` where a text was translated, `de → ≈ en` where only in part, `de → –` where not; else empty."""
    way = box.way(str, _UNTRANSLATED)
    return " → ".join(way) if len(way) > 1 else ""


def _label(box: Box) -> str:
    if box.is_cancelled:
        return "stopped"
    if box.item_type == ItemType.INTERCEPTION_ITERATION:
        return f"{box.hop if box.hop is not None else '?'}  {way_of(box) or 'hop'}"
    return way_of(box) or ITEM_WORDS.get(box.item_type, safe_line(box.item_type))


def _text(box: Box) -> str:
    if box.medium is None or box.text:
        return safe_text(box.text)
    return "  ".join(filter(None, (safe_line(box.medium.file_path or box.medium.mime_type), box.measures)))


def _style(box: Box) -> str:
    if box.tone == "bad":
        return "magenta" if box.is_cancelled else "red"
    if box.item_type == ItemType.INTERCEPTION_FINAL:
        return "bold"
    return {"stop": "yellow", "good": "green"}.get(box.tone, "")
