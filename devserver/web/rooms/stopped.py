"""What was stopped in a run and why, in words for a teacher."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporters.story.readable import visible_line
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import BLOCKED_TYPES, FAILURE_TYPES


def what_was_stopped(record: ExecutionRecord, words: Mapping[str, str], *, with_terms: bool = False) -> tuple[str, ...]:
    """A sentence for each block, and one where something failed. The words that were found only `with_terms`."""
    return tuple(dict.fromkeys(_sentences(record, words, with_terms)))


def _sentences(record: ExecutionRecord, words: Mapping[str, str], with_terms: bool) -> Iterator[str]:
    for item in record.items_of(*BLOCKED_TYPES):
        reasons = "; ".join(words.get(f"stopped for {code}", code) for code in _said(item, "codes"))
        sentence = words.get(f"stopped {item.item_type}", visible_line(item.content or ""))
        yield f"{sentence}: {reasons}." if reasons else f"{sentence}."
        found = ", ".join(f"„{term}“" for term in _said(item, "found_terms"))
        if with_terms and found:
            yield f"{words['stopped words']}: {found}."
    if record.status in (Status.ERROR, Status.PARTIAL) and record.items_of(*FAILURE_TYPES):
        yield words["failed for class"]


def _said(item: ExecutionItem, name: str) -> list[str]:
    values = item.metadata.get(name) if isinstance(item.metadata, Mapping) else None
    return [visible_line(value) for value in values] if isinstance(values, list | tuple) else []
