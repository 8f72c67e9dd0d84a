"""Write the story of a record as a Word document, from title to notes."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import docx
from docx.shared import Mm

from exporters.formats.docx.runs import tell
from exporters.formats.docx.styles import set_up
from exporters.formats.docx.tables import (
    call_table,
    facts_side_by_side,
    facts_table,
    journey_table,
    tell_passage,
    timeline_table,
)
from exporters.formats.docx.xml import border, describe_picture, field
from exporters.formats.printed.colours import ACCENT, FAINT, GREY, TONES
from exporters.formats.printed.figures import Figure
from exporters.formats.printed.layout import Printed, PrintedCall
from exporters.story.parts import joined
from exporters.story.printed.signs import Sign, pieces

_WIDEST, _HIGHEST = 130.0, 120.0


def write_story(story: Printed, moment: dt.datetime) -> bytes:
    """The bytes of the document; it says that it was made at `moment`."""
    document = docx.Document()
    _properties(document, story, moment)
    set_up(document, story.language, plain(story.execution_id))
    _name(document, story)
    write_chapters(document, story)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def write_chapters(document: Any, story: Printed, below: int = 0) -> None:
    """All that is told of a run but its name, at the end of the document; `below` headings of so many levels."""
    _outcome(document, story)
    for heading, write in _CHAPTERS.items():
        write(document, story, story.words[heading], 1 + below)


def plain(text: str) -> str:
    """A text for places that hold nothing but text."""
    return "".join(f"⟨{piece.label}⟩" if isinstance(piece, Sign) else piece for piece in pieces(text))


def _properties(document: Any, story: Printed, moment: dt.datetime) -> None:
    document.core_properties.subject = plain(story.outcome)[:250]
    document.core_properties.keywords = plain(f"{story.title}, {story.status}")[:250]
    say_of_itself(document, f"{story.title} · {story.execution_id}", story.language, moment)


def say_of_itself(document: Any, title: str, language: str, moment: dt.datetime) -> None:
    """What the file says of itself: its title and language, and that it was made at `moment`."""
    core = document.core_properties
    core.title = plain(title)[:250]
    core.author = core.last_modified_by = "otel-tracking"
    core.comments = ""
    core.language = language
    core.created = core.modified = moment.replace(tzinfo=None, microsecond=0)


def _name(document: Any, story: Printed) -> None:
    tell(document.add_paragraph(), story.words["record"], size=8, colour=GREY)
    title = document.add_paragraph(style="Title")
    tell(title, story.title, size=22 if len(story.title) < 60 else 13)


def _outcome(document: Any, story: Printed) -> None:
    if story.prompt:
        prompt = document.add_paragraph()
        border(prompt._p.get_or_add_pPr(), "w:pBdr", left=ACCENT)
        tell_passage(prompt, story.prompt, size=12)
    outcome = document.add_paragraph()
    tell(outcome, f"{story.words.get(f'is {story.status}', story.status)}  ", bold=True, colour=TONES[story.tone])
    tell(outcome, story.outcome)
    if story.languages:
        tell(document.add_paragraph(), " → ".join(story.languages), size=9, colour=GREY)
    facts_side_by_side(document, story.facts, size=8.5)
    if story.remarks:
        document.add_heading(story.words["remarks"], 1)
        _lead(document, story.words["remarks lead"])
        facts_table(document, story.remarks, size=8.5)


def _journey(document: Any, story: Printed, heading: str, level: int) -> None:
    document.add_heading(heading, level)
    if story.sections:
        journey_table(document, story)
    else:
        tell(document.add_paragraph(), story.words["nothing"], colour=GREY)
    _say(document, story.section_notes)


def _drift(document: Any, story: Printed, heading: str, level: int) -> None:
    if story.drift:
        document.add_heading(heading, level)
        _lead(document, story.words["drift note"])
        facts_table(document, story.drift, size=8.5)


def _figures(document: Any, story: Printed, heading: str, level: int) -> None:
    if story.figures:
        document.add_heading(heading, level)
    for figure in story.figures:
        _figure(document, figure, story, level)


def _figure(document: Any, figure: Figure, story: Printed, level: int) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    if figure.picture:
        picture = figure.picture
        width = min(_WIDEST, _HIGHEST * picture.width / picture.height)
        shape = paragraph.add_run().add_picture(io.BytesIO(picture.content), width=Mm(width))
        describe_picture(shape, plain(figure.alternative))
    else:
        border(paragraph._p.get_or_add_pPr(), "w:pBdr", top=FAINT, bottom=FAINT)
        tell(paragraph, figure.note, colour=TONES["stop"] if figure.is_withheld else GREY)
    caption = document.add_paragraph(style="Caption")
    tell(caption, f"{story.words['figure']} ")
    # Word counts figures itself, for lists of figures and cross-references; below the heading of a run anew.
    anew = f" \\s {level - 1}" if level > 1 else ""
    field(caption, f"SEQ Figure \\* ARABIC{anew}", str(figure.number))
    tell(caption, f". {joined(figure.title, figure.caption)}")
    if figure.details:
        facts_table(document, figure.details, size=8)


def _timeline(document: Any, story: Printed, heading: str, level: int) -> None:
    if not story.timeline.tracks:
        return
    document.add_heading(heading, level)
    timeline_table(document, story)
    left_out = story.timeline.more
    more = (story.words["more spans"].format(count=f"{left_out:,}"),) if left_out else ()
    _say(document, (story.words["timeline key"], *more))


def _calls(document: Any, story: Printed, heading: str, level: int) -> None:
    if story.calls:
        document.add_heading(heading, level)
        _lead(document, story.words["calls lead"])
    for call in story.calls:
        _call(document, call, story, level)


def _call(document: Any, call: PrintedCall, story: Printed, level: int) -> None:
    heading = document.add_heading("", level + 1)
    tell(heading, f"{call.number}. {call.title}")
    facts = document.add_paragraph()
    facts.paragraph_format.keep_with_next = bool(call.error or call.sent)
    tell(facts, call.facts, size=8.5, colour=GREY)
    if call.error:
        tell(document.add_paragraph(), call.error, colour=TONES["bad"])
    if call.sent:
        call_table(document, call, story)
    if call.answered:
        label = document.add_paragraph()
        label.paragraph_format.keep_with_next = True
        tell(label, story.words["response"], size=8, colour=GREY, bold=True)
        facts_table(document, call.answered, size=8.5)
    _say(document, call.notes)


def _settings(document: Any, story: Printed, heading: str, level: int) -> None:
    if story.settings:
        document.add_heading(heading, level)
        facts_table(document, story.settings, size=8.5, names=60)
        _say(document, story.settings_notes)


def _about(document: Any, story: Printed, heading: str, level: int) -> None:
    if level > 1 and not (story.notes or story.long_facts):
        return
    document.add_heading(story.words["facts"] if level > 1 else heading, level)
    _say(document, story.notes, size=9.5)
    if story.long_facts:
        facts_table(document, story.long_facts, size=8.5)


def _lead(document: Any, told: str) -> None:
    """What a chapter begins with, on the page of what it is about."""
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    tell(paragraph, told, size=8.5, colour=GREY)


def _say(document: Any, notes: tuple[str, ...], size: float = 8.5) -> None:
    for note in notes:
        tell(document.add_paragraph(), note, size=size, colour=GREY)


_CHAPTERS: dict[str, Callable[[Any, Printed, str, int], None]] = {
    "journey": _journey,
    "drift": _drift,
    "figures": _figures,
    "timeline": _timeline,
    "attempts": _calls,
    "settings": _settings,
    "about": _about,
}
"""By the word that is their heading."""
