"""A record's story as a Markdown document: to read as it stands, to put into a wiki, or for pandoc to make a book of.

CommonMark with tables. Every text is a quotation in which nothing is markup (`text.py`); pictures are links to
`media/`, where `--with-media` puts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote as url_of

from exporters.errors import UnsafePath
from exporters.formats.markdown.text import cell, code, inline, quote, within
from exporters.storage.writing.media import inside
from exporters.story.calls import Call
from exporters.story.language_names import language_name
from exporters.story.parts import Bar, Box, Medium, Parameter, joined
from exporters.story.story import Story
from exporters.story.storyteller import story_of
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord


def render(record: ExecutionRecord, *, audience: str = Audience.RESEARCHER, language: str = "en") -> bytes:
    """The document of a record, UTF-8; for a `student` without what a safety check said no to.

    Raises `UnknownOption` for another audience or language.
    """
    story = story_of(record, language=language, audience=audience)
    parts = (*_head(story), *_journey(story), *_timeline(story), *_calls(story), *_facts(story), _foot(story))
    return ("\n\n".join(parts) + "\n").encode()


def _head(story: Story) -> Iterator[str]:
    yield f"# {inline(story.title)}"
    yield f"{inline(story.execution_id)} · {within(story.started)}"
    yield f"**{inline(story.outcome)}**"
    if len(story.languages) > 2:
        name_of = partial(language_name, language=story.language)
        yield " → ".join(inline(stop.named(name_of, story.words)) for stop in story.languages)


def _journey(story: Story) -> Iterator[str]:
    yield f"## {inline(story.words['journey'])}"
    for chapter in story.chapters:
        yield f"### {inline(chapter.title)}"
        for box in chapter.boxes:
            yield from _box(box, story)
    if not story.chapters:
        yield inline(story.words["nothing"])


def _box(box: Box, story: Story) -> Iterator[str]:
    said = (_way(box, story), within(box.caption), within(box.seconds))
    yield joined(f"**{inline(box.label)}**", *said)
    if box.given is not None:
        yield inline(story.words["another text"])
        yield quote(box.given)
    if box.withheld:
        yield f"*{inline(box.withheld)}*"
    elif box.text:
        yield quote(box.text)
    if box.medium:
        yield _medium(box, box.medium, story)
    if box.parameters:
        yield from _parameters(box.parameters)


def _way(box: Box, story: Story) -> str:
    names = box.way(partial(language_name, language=story.language), story.words)
    return joined(" → ".join(map(inline, names)), inline(box.way_note(story.words)))


def _medium(box: Box, medium: Medium, story: Story) -> str:
    """A picture where it lies beside the document, else a link to it; its name alone where it leads elsewhere."""
    name = inline(joined(medium.mime_type or medium.kind, medium.size))
    if not _is_beside(medium.file_path):
        return joined(name, f"*{inline(story.words['not here'])}*")
    # A student's document names no file; that its copy is there, `--with-media` sees to.
    sign = "!" if medium.is_image else ""
    return joined(f"{sign}[{inline(box.label)}](<{url_of(medium.file_path)}>)", name)


def _is_beside(file_path: str) -> bool:
    try:
        inside(Path(), file_path)
    except UnsafePath:
        return False
    return True


def _parameters(parameters: Iterable[Parameter]) -> Iterator[str]:
    """A line for each short value, and below them the long ones as they are."""
    told = list(parameters)
    lines = [f"- {inline(one.name)}: {within(one.value)}" for one in told if not one.is_long]
    if lines:
        yield "\n".join(lines)
    for one in told:
        if one.is_long:
            yield f"{inline(one.name)}:"
            yield code(one.value)


def _timeline(story: Story) -> Iterator[str]:
    if story.timeline:
        words = story.words
        yield f"## {inline(words['timeline'])}"
        heads = (words["what"], words["since"], words["took"])
        yield "\n".join((_row(heads), "|---|---:|---:|", *(_bar(bar, story) for bar in story.timeline)))


def _bar(bar: Bar, story: Story) -> str:
    took = joined(bar.took, story.words["failed"] if bar.failed else "")
    # Spaces that a table keeps: what is part of what.
    return f"| {'&ensp;' * 2 * min(bar.depth, 9)}{cell(bar.label)} | {bar.start:.3f} s | {cell(took)} |"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(cell, cells))} |"


def _calls(story: Story) -> Iterator[str]:
    if story.calls:
        yield f"## {inline(story.words['attempts'])}"
    for call in story.calls:
        yield from _call(call, story)


def _call(call: Call, story: Story) -> Iterator[str]:
    yield f"### {call.number}\\. {inline(call.label)}"
    yield inline(joined(call.place, call.made_by, call.seconds))
    if call.error:
        yield quote(call.error)
    for name in ("configured", "passed", "response"):
        if parameters := getattr(call, name):
            yield f"**{inline(story.words[name])}**"
            yield from _parameters(parameters)
    if call.not_passed:
        yield f"**{inline(story.words['not_passed'])}**: {', '.join(map(inline, call.not_passed))}"
    yield from _changes(call, story.words)


def _changes(call: Call, words: Mapping[str, str]) -> Iterator[str]:
    """What left as something else, a line each."""
    if call.passed_differently:
        yield f"**{inline(words['passed_differently'])}**"
        lines = ["| | | |", "|---|---|---|"]
        for one in call.passed_differently:
            lines.append(_row((one.name, one.configured, words["lost"] if one.passed is None else one.passed)))
        yield "\n".join(lines)


def _facts(story: Story) -> Iterator[str]:
    yield f"## {inline(story.words['facts'])}"
    yield from _parameters(story.facts)


def _foot(story: Story) -> str:
    student = inline(story.words["shown to students"]) if story.audience == Audience.STUDENT else ""
    return f"*{' '.join(filter(None, (student, inline(story.words['recorded']))))}*"
