"""A record as pages tell it: its journey, with figures, tables of calls and notes; the same for PDF and Word.

Pure, like the journey it is made from. Texts are visible but not escaped, and cut where a document would explode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporters.story.chain import given_another
from exporters.story.journey import journey_of
from exporters.story.parts import Box, Chapter, Journey, Parameter
from exporters.story.printed.calls import Line, answer_of, lines_of, request_of
from exporters.story.printed.languages import language_of
from exporters.story.printed.limits import Limits, cut, room
from exporters.story.printed.pictures import Picture, printable
from exporters.story.printed.settings import MOST, settings_of
from exporters.story.printed.timeline import Timeline, on_one_page
from exporters.story.printed.words import PRINTED
from exporters.story.readable import visible
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType


@dataclass(frozen=True, slots=True)
class Words:
    """A text, its language where that is known, and what is said where it was cut."""

    text: str
    language: str | None = None
    cut: str = ""


_MOST_IN_A_COLUMN = 1_000
"""Characters: about twenty lines, and half a page where letters are as wide as they are high."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journey; `given` where a hop was not given what was there before it."""

    box: Box
    words: Words | None
    given: Words | None
    figure: int | None

    @property
    def is_wide(self) -> bool:
        """Whether its texts want the width of the page: in a column they would be pages of short lines."""
        return sum(room(words.text) for words in (self.words, self.given) if words) > _MOST_IN_A_COLUMN


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading."""

    title: str
    stage: int | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that was made, numbered through the document; `note` says why there is no picture."""

    number: int
    title: str
    caption: str
    alternative: str
    picture: Picture | None
    note: str
    is_withheld: bool
    details: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a backend with its parameters and what was answered."""

    number: int
    title: str
    facts: str
    error: str
    lines: tuple[Line, ...]
    answer: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """All that a document says of one run."""

    journey: Journey
    words: Mapping[str, str]
    timeline: Timeline
    prompt: Words | None
    tone: str
    facts: tuple[Parameter, ...]
    sections: tuple[Section, ...]
    section_notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    calls: tuple[Call, ...]
    settings: tuple[Parameter, ...]
    settings_notes: tuple[str, ...]
    more: tuple[Parameter, ...]
    notes: tuple[str, ...]


_TOLD_ONCE, _BEGINNING = 2_000, 300
_TONES = {"completed": "good", "partial": "stop", "blocked": "stop", "error": "bad"}


def story_of(record: ExecutionRecord, *, language: str, audience: str, attached: bool) -> Story:
    """The story of a record; `attached` says whether the record itself will be inside the document."""
    journey = journey_of(record, language=language, audience=audience)
    words = {**journey.words, **PRINTED[language]}
    limits = Limits.of(journey)
    numbers = _figure_numbers(journey)
    chapters, left_out = limits.chapters(journey.chapters)
    calls = () if audience == Audience.STUDENT else tuple(_calls(record, journey, words, limits))
    long_facts = [fact for fact in journey.facts if fact.is_long]
    is_configured = any(fact.name == words["metadata"] for fact in long_facts)
    settings = settings_of(record.metadata) if is_configured else ()
    unshown_calls = len(journey.attempts) - len(calls)

    return Story(
        journey=journey,
        words=words,
        timeline=on_one_page(journey.timeline),
        prompt=_prompt(journey, words),
        tone=_TONES.get(journey.status, "plain"),
        facts=tuple(fact for fact in journey.facts if not fact.is_long),
        sections=tuple(_sections(record, chapters, numbers, words, limits)),
        section_notes=_more(left_out, words),
        figures=tuple(_figures(journey, numbers, words)),
        calls=calls,
        settings=settings[:MOST],
        settings_notes=(*_more(len(settings) - MOST, words), words["settings note"]) if settings else (),
        more=tuple(_shortened(fact, words) for fact in long_facts if fact.name != words["metadata"]),
        notes=(*_more(unshown_calls, words), *_notes(record, journey, words, attached)),
    )


def _prompt(journey: Journey, words: Mapping[str, str]) -> Words | None:
    box = next((box for box in journey.boxes if box.item_type == ItemType.USER_INPUT_TEXT and box.text), None)
    return _words(box.text, box.language, words, 400) if box else None


def _words(text: str, language: str | None, words: Mapping[str, str], limit: int) -> Words:
    shown = cut(text, limit)
    said = words["cut"].format(count=f"{len(text):,}") if shown != text else ""
    return Words(shown, language_of(text, language), said)


def _sections(
    record: ExecutionRecord,
    chapters: tuple[Chapter, ...],
    numbers: Mapping[int | None, int],
    words: Mapping[str, str],
    limits: Limits,
) -> Iterator[Section]:
    given = {number: visible(text) for number, text in given_another(record).items()}
    told = Telling(words, limits.text)
    for chapter in chapters:
        rows = tuple(_row(box, numbers, given, told) for box in chapter.boxes)
        yield Section(chapter.title, chapter.stage if chapter.output is None else 4, rows)


def _row(box: Box, numbers: Mapping[int | None, int], given: Mapping[int, str], told: Telling) -> Row:
    other = given.get(box.number or 0) if not box.withheld else None
    started = told.words(other, box.from_language, None) if other else None
    text = told.words(box.text, box.language, box.number) if box.text else None
    return Row(box, text, started, numbers.get(box.number))


@dataclass(frozen=True, slots=True)
class Telling:
    """Texts one after the other: a long one that was there before is told by its beginning."""

    said: Mapping[str, str]
    limit: int
    _numbers: dict[str, int] = field(default_factory=dict)

    def words(self, text: str, language: str | None, number: int | None) -> Words:
        """The text as a document shows it; `number` is that of the item that it is of."""
        before = self._numbers.get(text)
        if before is not None:
            told = self.said["as before"].format(number=before, count=f"{len(text):,}")
            return Words(cut(text, _BEGINNING), language_of(text, language), told)
        if number is not None and len(text) > _TOLD_ONCE:
            self._numbers[text] = number
        return _words(text, language, self.said, self.limit)


def _figure_numbers(journey: Journey) -> dict[int | None, int]:
    """Number of the figure by number of the item: everything that was made and every picture that was given."""
    shown = [box for box in journey.boxes if box.medium or (box.withheld and box.item_type in OUTPUT_TYPES)]
    return {box.number: number for number, box in enumerate(shown, start=1)}


def _figures(journey: Journey, numbers: Mapping[int | None, int], words: Mapping[str, str]) -> Iterator[Figure]:
    for box in journey.boxes:
        if box.number in numbers:
            yield _figure(box, numbers[box.number], words, with_path=journey.audience != Audience.STUDENT)


def _figure(box: Box, number: int, words: Mapping[str, str], *, with_path: bool) -> Figure:
    medium = box.medium
    picture = printable(medium.content) if medium and medium.content else None
    return Figure(
        number=number,
        title=" · ".join(part for part in (box.label, _output(box, words)) if part),
        caption=box.caption,
        alternative=_alternative(box, words),
        picture=picture,
        note="" if picture else _why_no_picture(box, words, with_path),
        is_withheld=bool(box.withheld),
        details=tuple(_shortened(detail, words, 400) for detail in box.parameters[:40]),
    )


def _output(box: Box, words: Mapping[str, str]) -> str:
    return f"{words['output']} {box.output}" if box.output is not None else ""


def _alternative(box: Box, words: Mapping[str, str]) -> str:
    """What a screen reader says instead of the picture."""
    asked = next((detail.value for detail in box.parameters if detail.name == "prompt"), "")
    return cut(" · ".join(part for part in (box.label, _output(box, words), box.caption, asked) if part), 400)


def _why_no_picture(box: Box, words: Mapping[str, str], with_path: bool) -> str:
    medium = box.medium
    if box.withheld or not medium:
        return box.withheld
    why = words["no picture"] if medium.content else words["not here"]
    told = (medium.mime_type or medium.kind, medium.size, medium.file_path if with_path else "")
    facts = " · ".join(part for part in told if part)
    return f"{why} {facts}"


def _calls(record: ExecutionRecord, journey: Journey, words: Mapping[str, str], limits: Limits) -> Iterator[Call]:
    shown = zip(record.attempts, journey.attempts, strict=True)
    for span, attempt in list(shown)[: limits.calls]:
        lines, answer = lines_of(span), answer_of(span)
        facts = (attempt.place, attempt.made_by, attempt.seconds, request_of(span))
        yield Call(
            number=attempt.number,
            title=attempt.label,
            facts=" · ".join(part for part in facts if part),
            error=cut(attempt.error, 2_000),
            lines=tuple(_short_line(line, words) for line in lines[: limits.lines]),
            answer=tuple((name, _short(value, words)) for name, value in answer[: limits.lines]),
            notes=_more(max(len(lines) - limits.lines, 0) + max(len(answer) - limits.lines, 0), words),
        )


def _short_line(line: Line, words: Mapping[str, str]) -> Line:
    values = [_short(value, words) if value is not None else None for value in (line.configured, line.passed)]
    return Line(cut(line.name, 120), values[0], values[1], line.fate)


def _short(text: str, words: Mapping[str, str], limit: int = 500) -> str:
    shown = cut(text, limit)
    return shown if shown == text else f"{shown} {words['cut'].format(count=f'{len(text):,}')}"


def _shortened(parameter: Parameter, words: Mapping[str, str], limit: int = 2_000) -> Parameter:
    return Parameter(cut(parameter.name, 120), _short(parameter.value, words, limit))


def _more(count: int, words: Mapping[str, str]) -> tuple[str, ...]:
    return (words["more rows"].format(count=f"{count:,}"),) if count > 0 else ()


def _notes(record: ExecutionRecord, journey: Journey, words: Mapping[str, str], attached: bool) -> Iterator[str]:
    if journey.audience == Audience.STUDENT:
        yield words["student note"]
        return
    lost = {"dropped": record.dropped, "late": record.late_spans, "lossy": record.lossy_values}
    if any(lost.values()):
        yield words["incomplete"].format(**lost)
    else:
        yield words["complete"].format(items=f"{len(record.items):,}", spans=f"{len(record.spans):,}")
    yield words["attached note" if attached else "elsewhere note"]
