"""A run as one page to hang up: the first sentence and the last, the way between them, what was made of it."""

from __future__ import annotations

from exporters.formats.poster.contents import poster_of
from exporters.formats.poster.page import set_poster
from exporters.formats.poster.picture import picture_of_page
from exporters.story.storyteller import story_of
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord


def render(
    record: ExecutionRecord,
    *,
    language: str = "en",
    audience: str = Audience.RESEARCHER,
    title: str = "",
    address: str = "",
) -> bytes:
    """The poster as a PDF of one page (A4), in `en` or `de`, with what may be shown to that audience.

    `title` stands above it, else the name of the configuration. An `address` (http or https) becomes a code for
    telephones. Pictures are those among `record.attachments`; the same record gives the same bytes. No id is on it.
    Raises `UnknownOption` for another language, audience or kind of address.
    """
    story = story_of(record, language=language, audience=audience)
    return set_poster(poster_of(story, title=title, address=address))


def render_picture(record: ExecutionRecord, **options: str) -> bytes:
    """The same page as a PNG, 1654 pixels wide; `options` are those of `render`."""
    return picture_of_page(render(record, **options))
