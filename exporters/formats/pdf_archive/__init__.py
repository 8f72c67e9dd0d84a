"""A record as a PDF for archives and screen readers: PDF/A-3 and PDF/UA-1, set with typst, with the record inside."""

from __future__ import annotations

import datetime as dt
import re

from exporters.formats import json as record_json
from exporters.formats.pdf_archive.content import Content, characters_of
from exporters.formats.pdf_archive.engine import set_pages
from exporters.formats.pdf_archive.fonts import typefaces_for
from exporters.formats.pdf_archive.processes import run
from exporters.formats.printed.layout import Printed, lay_out
from exporters.story.storyteller import story_of
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord

_MOST_TAGGED = 400_000
_MOST_TAGGED_JOINED = 30_000
"""Characters of a document that is tagged, in all and in scripts whose letters join or stack.

A letter that does costs fifty bytes where documents are tagged: 100 KB of Arabic would be 6 MB.
"""
_JOINED = re.compile("[\u0590-\u1cff]")


def render(record: ExecutionRecord, *, language: str = "en", audience: str = Audience.RESEARCHER) -> bytes:
    """The archivable PDF of a record, in `en` or `de`, for a `researcher` or a `student`.

    The same record gives the same bytes. Pictures are those among `record.attachments`. For students nothing is in it
    that a safety check said no to, and the record is not inside. Raises `UnknownOption` for another language or
    audience.
    """
    attached = record_json.render(record) if audience != Audience.STUDENT else None
    story = story_of(record, language=language, audience=audience)
    return run(set_story, lay_out(story, attached=attached is not None), record.timestamp, attached)


def set_story(story: Printed, moment: dt.datetime, record: bytes | None) -> bytes:
    """The PDF of a story that was recorded at `moment`, with `record` (JSON) inside where it is given."""
    typefaces = typefaces_for(characters_of(story))
    content = Content(story, typefaces).build(moment, attached=record is not None)
    files = _pictures(story) | ({"record.json": record} if record is not None else {})
    return set_pages(content, files, typefaces.loaded, moment, tagged=_may_be_tagged(story))


def _pictures(story: Printed) -> dict[str, bytes]:
    shown = [(figure.number, figure.picture) for figure in story.figures if figure.picture]
    return {f"figure-{number}.{picture.suffix}": picture.content for number, picture in shown}


def _may_be_tagged(story: Printed) -> bool:
    texts = [row.text.text for section in story.sections for row in section.rows if row.text]
    if sum(map(len, texts)) > _MOST_TAGGED:
        return False
    return sum(len(_JOINED.findall(text)) for text in texts if not text.isascii()) <= _MOST_TAGGED_JOINED
