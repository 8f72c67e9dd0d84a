"""A record as a PDF: archivable (PDF/A-3), accessible (PDF/UA-1), in every script, with the record itself inside."""

from __future__ import annotations

from exporters import json as record_json
from exporters.appendix.story import Story, story_of
from exporters.journey_parts import RESEARCHER, STUDENT
from exporters.pdf.content import Content, characters_of
from exporters.pdf.engine import set_pages
from exporters.pdf.fonts import typefaces_for
from otel_tracking.record import ExecutionRecord

_LARGE = 400_000


def render(record: ExecutionRecord, *, language: str = "en", audience: str = RESEARCHER) -> bytes:
    """The PDF of a record, in `en` or `de`, for a `researcher` or a `student`; the same record gives the same bytes.

    Pictures are those among `record.attachments`. For students nothing is in it that a safety check said no to, and
    the record is not inside. Raises `UnknownOption` for another language or audience.
    """
    attached = audience != STUDENT
    story = story_of(record, language=language, audience=audience, attached=attached)
    typefaces = typefaces_for(characters_of(story))
    content = Content(story, typefaces).build(record, attached=attached)
    files = _pictures(story) | ({"record.json": record_json.render(record)} if attached else {})

    return set_pages(content, files, typefaces.loaded, record.timestamp, tagged=_length(story) < _LARGE)


def _pictures(story: Story) -> dict[str, bytes]:
    shown = [(figure.number, figure.picture) for figure in story.figures if figure.picture]
    return {f"figure-{number}.{picture.suffix}": picture.content for number, picture in shown}


def _length(story: Story) -> int:
    return sum(len(row.words.text) for section in story.sections for row in section.rows if row.words)
