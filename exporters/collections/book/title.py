"""The title page of many runs: when, what, who, under what they left, and what is not here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exporters.collections.book.rows import BookRow
from exporters.collections.book.summary import grouped, listed, outcomes
from exporters.story.letters import beginning
from exporters.story.parts import Parameter
from otel_tracking.audience import Audience

Statement = Mapping[str, Any]
"""What a way out says of what left: profile, rules, counts of what was taken out, left out and kept back."""

_MOST_NAMES = 8
_MOST_PEOPLE = 24
_LONGEST_NAME = 60


def facts_of(rows: Sequence[BookRow], said: Statement | None, words: Mapping[str, str]) -> tuple[Parameter, ...]:
    """What stands on the title page, as names and values."""
    told = (*_of_runs(rows, words), *(_of_leaving(said, words) if said else ()))
    return tuple(Parameter(words[name], value) for name, value in told if value)


def notes_of(said: Statement | None, audience: str, words: Mapping[str, str]) -> tuple[str, ...]:
    """What stands below them, in sentences."""
    consent = words["consent asked" if said else "consent missing"]
    for_whom = words["for students" if audience == Audience.STUDENT else "whole records"]
    return (words["order"], consent, for_whom, words["pictures smaller"])


def _of_runs(rows: Sequence[BookRow], words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "period", _period(rows, words)
    yield "runs", f"{len(rows):,}"
    yield "outcomes", outcomes(rows, words)
    yield "configurations", listed(_counted(rows, "title"), words, _MOST_NAMES)
    yield "people", listed(_counted(rows, "user_id"), words, _MOST_PEOPLE)
    yield "sessions", listed(_counted(rows, "session_id"), words, _MOST_NAMES)
    yield "studies", listed(_counted(rows, "study_id"), words, _MOST_NAMES)


def _of_leaving(said: Statement, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "profile", words.get(f"profile {said['profile']}", str(said["profile"]))
    yield "rules", ", ".join(map(str, said.get("rules", ())))
    yield "taken out", ", ".join(f"{name} ({count:,})" for name, count in said.get("redactions", {}).items())
    yield "values left out", f"{said['left_out']:,}" if said.get("left_out") else ""
    reasons = {**said.get("kept_back", {}), "damaged": said.get("damaged", 0)}
    yield "kept back", ", ".join(_kept_back(name, count, words) for name, count in reasons.items() if count)


def _kept_back(reason: str, count: int, words: Mapping[str, str]) -> str:
    return words.get(reason, words["other reason"]).format(count=f"{count:,}", reason=reason)


def _period(rows: Sequence[BookRow], words: Mapping[str, str]) -> str:
    if not rows:
        return ""
    first, last = (f"{pick(row.moment for row in rows):%Y-%m-%d %H:%M}" for pick in (min, max))
    return words["from to"].format(first=first, last=last)


def _counted(rows: Sequence[BookRow], name: str) -> Iterator[str]:
    """Names with how many runs each has, most first."""
    return (
        f"{beginning(value, _LONGEST_NAME)} ({len(own):,})"
        for value, own in grouped(rows, lambda row: getattr(row, name)).items()
    )
