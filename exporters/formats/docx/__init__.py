"""A record as a Word document, to be marked up, quoted from and coded: headings, tables, figures with captions."""

from __future__ import annotations

from exporters.formats.docx.document import write_story
from exporters.formats.docx.package import with_fixed_times
from exporters.formats.printed.layout import lay_out
from exporters.story.storyteller import story_of
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord


def render(record: ExecutionRecord, *, language: str = "en", audience: str = Audience.RESEARCHER) -> bytes:
    """The Word document of a record, in `en` or `de`, for a `researcher` or a `student`.

    The same record gives the same bytes. Pictures are those among `record.attachments`. Raises `UnknownOption` for
    another language or audience.
    """
    story = story_of(record, language=language, audience=audience)
    return with_fixed_times(write_story(lay_out(story, attached=False), story.moment))
