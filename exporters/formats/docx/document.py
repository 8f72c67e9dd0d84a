"""Write the story of a record as a Word document, from title to notes."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import docx
from docx.shared import Mm

from exporters.formats.docx.runs import tell
from exporters.formats.docx.styles import ACCENT, FAINT, GREY, TONES, set_up
from exporters.formats.docx.tables import (
    call_table,
    facts_side_by_side,
    facts_table,
    journey_table,
    tell_words,
    timeline_table,
)
from exporters.formats.docx.xml import border, describe_picture, field
from exporters.story.printed.signs import Sign, pieces
from exporters.story.printed.story import Call, Figure, Story

_WIDEST, _HIGHEST = 130.0, 120.0


def write_story(story: Story, moment: dt.datetime) -> bytes:
    """The bytes of the document; it says that it was made at `moment`."""
    document = docx.Document()
    _properties(document, story, moment)
    set_up(document, story.journey.language, plain(story.journey.execution_id))
    _title(document, story)
    _journey(document, story)
    for heading, write in _CHAPTERS.items():
        write(document, story, story.words[heading])
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def plain(text: str) -> str:
    """A text for places that hold nothing but text."""
    return "".join(f"⟨{piece.label}⟩" if isinstance(piece, Sign) else piece for piece in pieces(text))


def _properties(document: Any, story: Story, moment: dt.datetime) -> None:
    journey, core = story.journey, document.core_properties
    core.title = plain(f"{journey.title} · {journey.execution_id}")[:250]
    core.subject = plain(journey.outcome)[:250]
    core.keywords = plain(f"{journey.title}, {journey.status}")[:250]
    core.author = core.last_modified_by = "otel-tracking"
    core.comments = ""
    core.language = journey.language
    core.created = core.modified = moment.replace(tzinfo=None, microsecond=0)


def _title(document: Any, story: Story) -> None:
    tell(document.add_paragraph(), story.words["record"], size=8, colour=GREY)
    title = document.add_paragraph(style="Title")
    tell(title, story.journey.title, size=22 if len(story.journey.title) < 60 else 13)
    if story.prompt:
        prompt = document.add_paragraph()
        border(prompt._p.get_or_add_pPr(), "w:pBdr", left=ACCENT)
        tell_words(prompt, story.prompt, size=12)
    outcome = document.add_paragraph()
    tell(outcome, f"{story.journey.status}  ", bold=True, colour=TONES[story.tone])
    tell(outcome, story.journey.outcome)
    if story.journey.languages:
        tell(document.add_paragraph(), " → ".join(story.journey.languages), size=9, colour=GREY)
    facts_side_by_side(document, story.facts, size=8.5)


def _journey(document: Any, story: Story) -> None:
    document.add_heading(story.words["journey"], 1)
    if story.sections:
        journey_table(document, story)
    else:
        tell(document.add_paragraph(), story.words["nothing"], colour=GREY)
    _say(document, story.section_notes)


def _figures(document: Any, story: Story, heading: str) -> None:
    if story.figures:
        document.add_heading(heading, 1)
    for figure in story.figures:
        _figure(document, figure, story)


def _figure(document: Any, figure: Figure, story: Story) -> None:
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
    # Word counts figures itself, for lists of figures and cross-references.
    field(caption, "SEQ Figure \\* ARABIC", str(figure.number))
    tell(caption, ". " + " · ".join(part for part in (figure.title, figure.caption) if part))
    if figure.details:
        facts_table(document, figure.details, size=8)


def _timeline(document: Any, story: Story, heading: str) -> None:
    if not story.journey.timeline:
        return
    document.add_heading(heading, 1)
    timeline_table(document, story)
    left_out = story.timeline.more
    more = (story.words["more spans"].format(count=f"{left_out:,}"),) if left_out else ()
    _say(document, (story.words["timeline key"], *more))


def _calls(document: Any, story: Story, heading: str) -> None:
    if story.calls:
        document.add_heading(heading, 1)
        _say(document, (story.words["calls lead"],))
    for call in story.calls:
        _call(document, call, story)


def _call(document: Any, call: Call, story: Story) -> None:
    heading = document.add_heading("", 2)
    tell(heading, f"{call.number}. {call.title}")
    facts = document.add_paragraph()
    facts.paragraph_format.keep_with_next = bool(call.error or call.lines)
    tell(facts, call.facts, size=8.5, colour=GREY)
    if call.error:
        tell(document.add_paragraph(), call.error, colour=TONES["bad"])
    if call.lines:
        call_table(document, call, story)
    if call.answer:
        label = document.add_paragraph()
        label.paragraph_format.keep_with_next = True
        tell(label, story.words["response"], size=8, colour=GREY, bold=True)
        facts_table(document, call.answer, size=8.5)
    _say(document, call.notes)


def _settings(document: Any, story: Story, heading: str) -> None:
    if story.settings:
        document.add_heading(heading, 1)
        facts_table(document, story.settings, size=8.5, names=60)
        _say(document, story.settings_notes)


def _about(document: Any, story: Story, heading: str) -> None:
    document.add_heading(heading, 1)
    _say(document, story.notes, size=9.5)
    if story.more:
        facts_table(document, story.more, size=8.5)


def _say(document: Any, notes: tuple[str, ...], size: float = 8.5) -> None:
    for note in notes:
        tell(document.add_paragraph(), note, size=size, colour=GREY)


_CHAPTERS: dict[str, Callable[[Any, Story, str], None]] = {
    "figures": _figures,
    "timeline": _timeline,
    "attempts": _calls,
    "settings": _settings,
    "about": _about,
}
"""After the journey, by the word that is their heading."""
