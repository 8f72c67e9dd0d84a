"""A record as a PDF with ReportLab: in every script, the same bytes every time, with the record itself inside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from exporters.formats import json as record_json
from exporters.formats.printed.layout import Printed, lay_out
from exporters.story.storyteller import story_of
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord


def render(record: ExecutionRecord, *, language: str = "en", audience: str = Audience.RESEARCHER) -> bytes:
    """The PDF of a record, in `en` or `de`, for a `researcher` or a `student`; the same record gives the same bytes.

    Pictures are those among `record.attachments`. For students nothing is in it that a safety check said no to, and
    the record is not inside. Raises `UnknownOption` for another language or audience.
    """
    return _rendered(record, language, audience, for_archives=False)


def render_for_archives(record: ExecutionRecord, *, language: str = "en", audience: str = Audience.RESEARCHER) -> bytes:
    """The same pages as PDF/A-3a, for archives, and PDF/UA-1, for screen readers."""
    return _rendered(record, language, audience, for_archives=True)


def _rendered(record: ExecutionRecord, language: str, audience: str, *, for_archives: bool) -> bytes:
    attached = record_json.render(record) if audience != Audience.STUDENT else None
    story = story_of(record, language=language, audience=audience)
    return set_story(
        lay_out(story, attached=attached is not None), record.timestamp, attached, for_archives=for_archives
    )


def set_story(story: Printed, moment: dt.datetime, record: bytes | None, *, for_archives: bool = False) -> bytes:
    """The PDF of a story that was recorded at `moment`, with `record` (JSON) inside where it is given."""
    from exporters.formats.pdf import chapters, pages
    from exporters.formats.pdf.lines import Typesetter
    from exporters.formats.pdf.typefaces import typefaces_for

    setter = Typesetter(typefaces_for(texts_of(story)), story.language)
    return pages.build(
        chapters.flowables(setter, story),
        chapters.footer(setter, story),
        moment=moment.astimezone(dt.UTC),
        for_archives=for_archives,
        attachment=(record, story.words["attached"]) if record is not None else None,
        **chapters.told_of(story),
    )


def texts_of(*parts: Any) -> Iterator[str]:
    """Every text in dataclasses, sequences and mappings."""
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Iterable) and not isinstance(part, bytes):
            yield from texts_of(*(part.values() if isinstance(part, dict) else part))
        elif hasattr(part, "__slots__"):
            yield from texts_of(*(getattr(part, name) for name in part.__slots__))
