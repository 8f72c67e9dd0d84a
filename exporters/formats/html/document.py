"""A record as one HTML file: to read, to print and to hand out, with nothing in it that runs.

The page is self-contained (styles inline, pictures and sounds as `data:` addresses) and forbids everything else by its
content security policy. Every text is escaped by the template engine: what came as text can only be seen as text.
"""

from __future__ import annotations

import functools
import hashlib
from base64 import b64encode
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from exporters.formats.printed.pictures import printable
from exporters.formats.printed.timeline import Track, extent, tracks_of
from exporters.media.clean_media import clean_copy
from exporters.story.language_names import language_name
from exporters.story.parts import Bar, Medium
from exporters.story.story import Story
from exporters.story.storyteller import story_of
from otel_tracking.audience import Audience
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionRecord
from otel_tracking.values.media_types import media_type_of

if TYPE_CHECKING:
    from jinja2 import Template

LARGEST_EMBEDDED = 12_000_000
"""Bytes of a medium that become part of the page; a larger one is named only. Pictures are made smaller first."""

_FOLDER = Path(__file__).parent

_EMBEDDED = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/svg+xml"}
    | {"audio/mpeg", "audio/mp3", "audio/wav", "audio/x-wav", "audio/wave", "audio/ogg", "audio/flac", "audio/mp4"}
    | {"video/mp4", "video/webm", "video/ogg"}
)

_PICTURES = {"png": "image/png", "jpg": "image/jpeg"}

_MARKS: Mapping[str, str] = {Status.COMPLETED: "✓", Status.PARTIAL: "◐", Status.BLOCKED: "■", Status.ERROR: "!"}
"""What stands before the outcome; a dash before any other."""


def render(record: ExecutionRecord, *, audience: str = Audience.RESEARCHER, language: str = "en") -> bytes:
    """The page of a record, UTF-8; for a `student` without what a safety check said no to.

    Media are shown that are among the record's attachments. Raises `UnknownOption` for another audience or language.
    """
    story = story_of(record, language=language, audience=audience)
    media = [box.medium for box in story.boxes if box.medium]
    page: str = _template().render(
        story=story,
        words=story.words,
        name_of=functools.partial(language_name, language=language),
        mark=_MARKS.get(story.status, "–"),
        has_media=any(box.item_type.startswith("output_") for box in story.boxes),
        # Outputs that follow each other are there to be compared.
        groups=[list(group) for _, group in groupby(story.chapters, key=lambda chapter: chapter.output is not None)],
        sources={medium: source_of(medium, audience) for medium in media},
        tracks=[_track(track, story) for track in tracks_of(story.timeline)],
        style=_style(),
        policy=policy(),
    )
    return page.encode()


def source_of(medium: Medium, audience: str = Audience.RESEARCHER) -> str:
    """A `data:` address with the medium's bytes; empty where they are not here, or nothing that a page can hold.

    Pictures are encoded anew, at a size for a page and without what programs and cameras hide in them; one that cannot
    be is in no page, whoever reads it. Sounds and films go to researchers as they are, to students only clean ones.
    """
    if medium.content is None:
        return ""
    picture = printable(medium.content)
    if picture:
        return _address(picture.content, _PICTURES[picture.suffix])
    if audience == Audience.RESEARCHER:
        return _address(medium.content, _heard_or_seen(medium))
    copy = clean_copy(medium.content, medium.mime_type) if len(medium.content) <= LARGEST_EMBEDDED else None
    return _address(copy.content, copy.media_type) if copy else ""


def _address(content: bytes, mime_type: str) -> str:
    if mime_type not in _EMBEDDED or len(content) > LARGEST_EMBEDDED:
        return ""
    return f"data:{mime_type};base64,{b64encode(content).decode('ascii')}"


def policy() -> str:
    """The page's content security policy: its own style, embedded pictures and sounds, and nothing else."""
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; media-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _heard_or_seen(medium: Medium) -> str:
    """The type of a sound or film; empty for a picture, whatever its item calls it."""
    shown, named = media_type_of(medium.content or b"") or "", medium.mime_type.partition(";")[0].strip().lower()
    return "" if "image/" in (shown[:6], named[:6]) else named


def _track(track: Track, story: Story) -> tuple[Bar, list[tuple[Bar, str, str]]]:
    """The span of a row, and all that is drawn in it."""
    return track.bar, [(bar, *_extent(bar, story)) for bar in (track.bar, *track.calls)]


def _extent(bar: Bar, story: Story) -> tuple[str, str]:
    """Where a bar begins and how wide it is, in thousandths of the chart; never too narrow to be seen."""
    whole = story.duration or 1.0
    start, took = extent(bar, story.duration)
    left = min(start / whole * 1000, 996.0)
    width = min(max(took / whole * 1000, 4.0), 1000.0 - left)
    return f"{left:.1f}", f"{width:.1f}"


@functools.cache
def _style() -> str:
    return (_FOLDER / "page.css").read_text("utf-8")


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html")
