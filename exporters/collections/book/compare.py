"""Runs that began with the same text, side by side: step by step their texts, what was made, and what differs.

A line is one step; each run has a column. Columns are made of stories, so they hold what the audience may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exporters.collections.book.rows import BookRow
from exporters.formats.printed.pictures import Picture, printable
from exporters.story.language_names import language_name
from exporters.story.letters import beginning, cut
from exporters.story.parts import Box, joined
from exporters.story.printed.languages import language_of
from exporters.story.readable import seconds
from exporters.story.story import Story
from exporters.story.untranslated import marked
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType

COLUMNS = 4
"""Runs in one table: more would be too narrow to read."""
_MOST_RUNS = 60
"""Runs that are kept for it; each of the others is in its chapter."""
_LONGEST_TEXT, _LONGEST_VALUE = 700, 160
_LONGEST_SIDE = 400
_MOST_PICTURES, _MOST_DIFFERENCES = 2, 40


@dataclass(frozen=True, slots=True)
class Cell:
    """What one run has at a step: a text, its language, a line below it, pictures; all empty where it has nothing."""

    text: str = ""
    language: str | None = None
    below: str = ""
    pictures: tuple[tuple[Picture, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ComparedStep:
    """A line of a comparison: what it is called, and a cell for each run."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class RunsAlike:
    """Runs that began with the same text: which they are, their steps, and what differs, each by its name."""

    runs: tuple[BookRow, ...]
    steps: tuple[ComparedStep, ...]
    differences: tuple[ComparedStep, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """All comparisons; `note` says what is left out, or that there is nothing to compare."""

    comparisons: tuple[RunsAlike, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Column:
    """One run, laid out from top to bottom: its steps and its parameters by their names."""

    row: BookRow
    steps: Mapping[tuple[int, int], tuple[str, Cell]]
    parameters: Mapping[str, str]


@dataclass(slots=True)
class Comparisons:
    """Keeps a column of each run, until it is known which others began alike."""

    words: Mapping[str, str]
    _columns: dict[str, list[_Column]] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    _kept: int = 0

    def add(self, row: BookRow, story: Story) -> None:
        """Another run; one without a first text that may be shown has no twin."""
        first = _first_text(story)
        if not first:
            return
        self._seen[first] = self._seen.get(first, 0) + 1
        if self._kept < _MOST_RUNS:
            self._kept += 1
            self._columns.setdefault(first, []).append(_column(row, story, self.words))

    def side_by_side(self) -> SideBySide:
        """The comparisons, in the order in which the first run of each came."""
        made = [comparison for columns in self._columns.values() for comparison in _compared(columns, self.words)]
        told = sum(len(comparison.runs) for comparison in made)
        more = sum(count for count in self._seen.values() if count > 1) - told
        if more > 0:
            return SideBySide(tuple(made), self.words["compare more"].format(count=f"{more:,}"))
        return SideBySide(tuple(made), "" if made else self.words["compare none"])


def _first_text(story: Story) -> str:
    return " ".join(story.given.text.split()) if story.given else ""


def _compared(columns: Sequence[_Column], words: Mapping[str, str]) -> Iterator[RunsAlike]:
    """Tables of a few runs each; a last run alone stands beside the one before it."""
    if len(columns) < 2:
        return
    start = 0
    while start < len(columns):
        # Of five, three and two; never four and one.
        rest = len(columns) - start
        take = COLUMNS - 1 if rest == COLUMNS + 1 else min(COLUMNS, rest)
        yield _comparison(columns[start : start + take], words)
        start += take


def _comparison(columns: Sequence[_Column], words: Mapping[str, str]) -> RunsAlike:
    places = sorted({place for column in columns for place in column.steps})
    steps = []
    for place in places:
        there = [column.steps.get(place, ("", Cell())) for column in columns]
        label = next(label for label, _ in there if label)
        steps.append(ComparedStep(label, tuple(cell for _, cell in there)))
    return RunsAlike(tuple(column.row for column in columns), tuple(steps), tuple(_differences(columns, words)))


def _differences(columns: Sequence[_Column], words: Mapping[str, str]) -> Iterator[ComparedStep]:
    names = list(dict.fromkeys(name for column in columns for name in column.parameters))
    differing = [name for name in names if len({column.parameters.get(name, "") for column in columns}) > 1]
    # What one pipeline has and another has not says nothing but that they are different ones.
    are_one = len({column.row.title for column in columns}) == 1
    shared = [name for name in differing if are_one or all(name in column.parameters for column in columns)]
    for name in shared[:_MOST_DIFFERENCES]:
        yield ComparedStep(name, tuple(Cell(column.parameters.get(name) or "–") for column in columns))
    if len(shared) < len(differing):
        left_out = set(differing) - set(shared)
        counts = [len(left_out & column.parameters.keys()) for column in columns]
        yield ComparedStep(words["compare own"], tuple(Cell(f"{count:,}" if count else "–") for count in counts))


def _column(row: BookRow, story: Story, words: Mapping[str, str]) -> _Column:
    return _Column(row, dict(_steps(story, words)), dict(_parameters(row, story, words)))


_FIRST, _BEFORE, _HOP, _FINAL, _MADE = range(5)


def _steps(story: Story, words: Mapping[str, str]) -> Iterator[tuple[tuple[int, int], tuple[str, Cell]]]:
    """Each step by its place in the table."""
    made = []
    hops = 0
    for box in story.boxes:
        if box.item_type == ItemType.USER_INPUT_TEXT:
            yield (_FIRST, 0), (words["first text"], _cell(box, words, story.language))
        elif box.item_type == ItemType.TRANSLATION_RESULT:
            yield (_BEFORE, 0), (box.label, _cell(box, words, story.language))
        elif box.item_type == ItemType.INTERCEPTION_ITERATION:
            hops += 1
            number = box.hop if box.hop is not None else hops
            yield (_HOP, number), (f"{words['hop']} {number}", _cell(box, words, story.language))
        elif box.item_type == ItemType.INTERCEPTION_FINAL:
            yield (_FINAL, 0), (words["final text"], _cell(box, words, story.language))
        elif box.item_type in OUTPUT_TYPES:
            made.append(box)
    if made:
        yield (_MADE, 0), (words["made things"], _made(made))


def _cell(box: Box, words: Mapping[str, str], language: str) -> Cell:
    shown = cut(box.text, _LONGEST_TEXT)
    text = shown if shown == box.text else f"{shown} {words['compare cut']}"
    name = language_name(box.language, language) if box.language else ""
    named = marked(name, box.left, words["not translated"]) if name else ""
    return Cell(text or box.withheld, language_of(box.text, box.tag), joined(named, box.made_by, box.seconds))


def _made(boxes: Sequence[Box]) -> Cell:
    pictures = [
        (picture, joined(box.label, box.caption))
        for box in boxes
        if box.medium and box.medium.content and (picture := printable(box.medium.content, _LONGEST_SIDE))
    ]
    labels = "\n".join(joined(box.label, box.withheld or box.caption) for box in boxes)
    return Cell("", None, labels, tuple(pictures[:_MOST_PICTURES]))


def _parameters(row: BookRow, story: Story, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is known of a run by its name: facts, settings, and what outputs were made with."""
    yield words["config_name"], row.title
    yield words["status"], words.get(f"is {row.status}", row.status)
    yield words["total_execution_time"], seconds(row.seconds)
    for name in ("safety_level", "execution_mode", "used_seed", "user_id", "session_id"):
        yield words[name], story.fact(name)
    yield words["models"], ", ".join(row.models)
    yield from ((setting.name, beginning(setting.value, _LONGEST_VALUE)) for setting in story.settings)
    where = {words["file_path"], words["sha256"]}  # of two files they always differ
    outputs: Iterable[Box] = (box for box in story.boxes if box.item_type in OUTPUT_TYPES)
    for number, box in enumerate(outputs, start=1):
        yield from (
            (f"{words['output']} {number}: {one.name}", beginning(one.value, _LONGEST_VALUE))
            for one in box.parameters
            if one.name not in where
        )
