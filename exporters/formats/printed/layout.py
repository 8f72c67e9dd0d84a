"""A story as pages tell it, the same for PDF and Word: what stands where, and how much of it.

Pure, like the story it is made from. Texts are visible but not escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exporters.formats.printed.figures import Figure, figure_numbers, figures_of
from exporters.formats.printed.limits import LONGEST_NAME, PrintLimits, more, short, shortened
from exporters.formats.printed.pictures import LONGEST_SIDE
from exporters.formats.printed.rows import Passage, Section, passage_of, sections_of
from exporters.formats.printed.timeline import Timeline, on_one_page
from exporters.story.calls import Call, Sent
from exporters.story.changed import around_the_change
from exporters.story.letters import beginning, cut
from exporters.story.parts import Parameter, joined
from exporters.story.story import Story
from otel_tracking.audience import Audience

MOST_SETTINGS = 30
"""Settings that are shown: more would be read by nobody, and are looked up where they can be searched."""

MOST_LANGUAGES = 120
"""Stops of the way of a text through languages: some six lines."""

_LONGEST_SETTING, _LONGEST_VALUE, _LONGEST_FACT = 70, 500, 2_000
_LONGEST_PROMPT = 400


@dataclass(frozen=True, slots=True)
class PrintedCall:
    """One call of a backend; `facts` are place, maker, duration and request, `notes` say what is left out."""

    number: int
    title: str
    facts: str
    error: str
    sent: tuple[Sent, ...]
    answered: tuple[Parameter, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """All that a document says of one run; what has the name of a part of the story is that, as far as it is shown.

    `facts` are the short ones, `long_facts` those that want lines of their own.
    """

    language: str
    title: str
    execution_id: str
    status: str
    tone: str
    outcome: str
    languages: tuple[str, ...]
    prompt: Passage | None
    facts: tuple[Parameter, ...]
    remarks: tuple[Parameter, ...]
    sections: tuple[Section, ...]
    section_notes: tuple[str, ...]
    drift: tuple[Parameter, ...]
    figures: tuple[Figure, ...]
    timeline: Timeline
    duration: float
    calls: tuple[PrintedCall, ...]
    settings: tuple[Parameter, ...]
    settings_notes: tuple[str, ...]
    long_facts: tuple[Parameter, ...]
    notes: tuple[str, ...]
    words: Mapping[str, str]


def lay_out(story: Story, *, attached: bool | None, longest_side: int = LONGEST_SIDE) -> Printed:
    """The story on pages; `attached` says whether the record itself will be inside the document.

    None says that the story is a chapter of a document that tells of many, and says such things once for all.
    """
    words, limits, numbers = story.words, PrintLimits.of(story), figure_numbers(story)
    chapters, left_out = limits.chapters(story.chapters)
    long_facts = [fact for fact in story.facts if fact.is_long]
    # Short ones stand among the facts of the first page.
    settings = story.settings if any(fact.name == words["metadata"] for fact in long_facts) else ()
    unshown_settings = more(len(settings) - MOST_SETTINGS, words)

    return Printed(
        language=story.language,
        title=story.title,
        execution_id=story.execution_id,
        status=story.status,
        tone=story.tone,
        outcome=story.outcome,
        languages=_ends_of([stop.named(str, words) for stop in story.languages]),
        prompt=passage_of(story.given.text, story.given.tag or None, words, _LONGEST_PROMPT) if story.given else None,
        facts=tuple(fact for fact in story.facts if not fact.is_long),
        remarks=tuple(shortened(remark, words, _LONGEST_FACT) for remark in story.remarks),
        sections=tuple(sections_of(chapters, numbers, words, limits)),
        section_notes=more(left_out, words),
        drift=story.first_drift(MOST_SETTINGS),
        figures=tuple(figures_of(story, numbers, longest_side)),
        timeline=on_one_page(story.timeline),
        duration=story.duration,
        calls=tuple(_call(call, words, limits.lines) for call in story.calls[: limits.calls]),
        settings=tuple(map(_setting, settings[:MOST_SETTINGS])),
        settings_notes=(*unshown_settings, words["settings note"]) if settings else (),
        long_facts=tuple(
            shortened(fact, words, _LONGEST_FACT) for fact in long_facts if fact.name != words["metadata"]
        ),
        notes=(*more(len(story.calls) - limits.calls, words), *_notes(story, attached)),
        words=words,
    )


def _ends_of(languages: Sequence[str]) -> tuple[str, ...]:
    """The languages of a way; of a very long one how it begins and ends, since it has to stand on one page."""
    if len(languages) <= MOST_LANGUAGES:
        return tuple(languages)
    half = MOST_LANGUAGES // 2
    return (*languages[:half], "…", *languages[-half:])


def _call(call: Call, words: Mapping[str, str], most: int) -> PrintedCall:
    sent, answered = call.sent, call.answered
    return PrintedCall(
        number=call.number,
        title=call.label,
        facts=joined(call.place, call.made_by, call.seconds, call.request),
        error=cut(call.error, _LONGEST_FACT),
        sent=tuple(_sent(one, words) for one in sent[:most]),
        answered=tuple(replace(one, value=short(one.value, words, _LONGEST_VALUE)) for one in answered[:most]),
        notes=more(max(len(sent) - most, 0) + max(len(answered) - most, 0), words),
    )


def _sent(one: Sent, words: Mapping[str, str]) -> Sent:
    values = (one.configured, one.passed)
    if one.fate == "changed" and one.configured is not None and one.passed is not None:
        values = around_the_change(one.configured, one.passed, _LONGEST_VALUE)
    configured, passed = (None if value is None else short(value, words, _LONGEST_VALUE) for value in values)
    return Sent(cut(one.name, LONGEST_NAME), configured, passed, one.fate)


def _setting(setting: Parameter) -> Parameter:
    """A setting on one line; a long value is told by its beginning."""
    return Parameter(cut(setting.name, LONGEST_NAME), beginning(setting.value, _LONGEST_SETTING))


def _notes(story: Story, attached: bool | None) -> Iterator[str]:
    if story.audience != Audience.STUDENT:
        yield story.completeness
    if attached is not None:
        yield story.words[_where(story, attached)]


def _where(story: Story, attached: bool) -> str:
    """What is said of what is not on the pages."""
    if story.audience == Audience.STUDENT:
        return "student note"
    return "attached note" if attached else "elsewhere note"
