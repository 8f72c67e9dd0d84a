"""The summary of many runs as tables: by configuration, by language, by session, by person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from exporters.collections.book.rows import BookRow
from exporters.story.language_names import language_name
from exporters.story.letters import beginning
from exporters.story.readable import seconds
from otel_tracking.outcome import Status

STATUSES = tuple(status.value for status in Status)
_MOST_ROWS, _MOST_NAMES, _LONGEST_NAME = 60, 4, 80


@dataclass(frozen=True, slots=True)
class SummaryTable:
    """A table: what each column is called, how much of the width it takes, and its rows; `note` says what is left out.

    Columns of `numbers` stand at the right of theirs.
    """

    title: str
    heads: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]
    note: str = ""


def tables_of(rows: Sequence[BookRow], words: Mapping[str, str], language: str) -> tuple[SummaryTable, ...]:
    """Every table that has a row."""
    made = (
        _grouped(rows, words, "configuration", lambda row: row.title),
        _by_language(rows, words, language),
        _grouped(rows, words, "session", lambda row: row.session_id),
        _grouped(rows, words, "person", lambda row: row.user_id),
    )
    return tuple(table for table in made if table.rows)


def outcomes(rows: Iterable[BookRow], words: Mapping[str, str]) -> str:
    """How many ended in which way: `12 completed, 1 failed`."""
    counts = Counter(row.status for row in rows)
    known = [status for status in STATUSES if status in counts] + sorted(counts.keys() - set(STATUSES))
    return ", ".join(f"{counts[status]:,} {words.get(f'is {status}', status)}" for status in known)


def listed(names: Iterable[str], words: Mapping[str, str], most: int = _MOST_NAMES) -> str:
    """Names, each once in their order; of many the first, and how many more there are."""
    once = list(dict.fromkeys(name for name in names if name))
    more = len(once) - most
    shown = ", ".join(once[:most])
    return f"{shown} {words['and more'].format(count=f'{more:,}')}" if more > 0 else shown


def grouped(rows: Iterable[BookRow], key: Callable[[BookRow], str]) -> dict[str, list[BookRow]]:
    """The rows by a text that each has, most runs first; those without one are left out."""
    found: dict[str, list[BookRow]] = defaultdict(list)
    for row in rows:
        if key(row):
            found[key(row)].append(row)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def _grouped(
    rows: Sequence[BookRow], words: Mapping[str, str], word: str, key: Callable[[BookRow], str]
) -> SummaryTable:
    heads = (words[word], words["runs"], words["outcomes"], words["median duration"], words["models"])
    made = [
        (
            beginning(name, _LONGEST_NAME),
            f"{len(own):,}",
            outcomes(own, words),
            _median(row.seconds for row in own),
            _models(own, words),
        )
        for name, own in grouped(rows, key).items()
    ]
    return _table(words[f"by {word}"], heads, (0.23, 0.1, 0.25, 0.13, 0.29), made, frozenset({1, 3}), words)


def _by_language(rows: Sequence[BookRow], words: Mapping[str, str], language: str) -> SummaryTable:
    heads = (words["language"], words["hops into"], words["runs"], words["median hop"], words["models"])
    hops = Counter(code for row in rows for code in row.languages[1:])
    made = [
        (
            language_name(code, language),
            f"{count:,}",
            f"{sum(code in row.languages[1:] for row in rows):,}",
            _median(time.seconds for row in rows for time in row.engines if time.language == code),
            listed((time.engine for row in rows for time in row.engines if time.language == code), words),
        )
        for code, count in sorted(hops.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return _table(words["by language"], heads, (0.2, 0.14, 0.1, 0.16, 0.4), made, frozenset({1, 2, 3}), words)


def _models(rows: Iterable[BookRow], words: Mapping[str, str]) -> str:
    return listed((model for row in rows for model in row.models), words)


def _median(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return seconds(float(median(known))) if known else ""


def _table(
    title: str,
    heads: tuple[str, ...],
    widths: tuple[float, ...],
    rows: Sequence[tuple[str, ...]],
    numbers: frozenset[int],
    words: Mapping[str, str],
) -> SummaryTable:
    more = len(rows) - _MOST_ROWS
    note = words["not shown"].format(count=f"{more:,}") if more > 0 else ""
    return SummaryTable(title, heads, widths, tuple(rows[:_MOST_ROWS]), numbers, note)
