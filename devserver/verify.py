"""Check records: is everything there, does each hop follow from the last, are the media what was recorded?

The checks are pure functions of a record; `check_media` alone looks at files. A finding of kind `wrong` means that
the record or its files cannot be trusted as they are, a `note` is something true that a reader should know.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

from exporters.errors import StorageError, UnsafePath
from exporters.storage.writing.media import inside
from exporters.story.changed import change_line
from exporters.story.words import ENGLISH
from otel_tracking import ExecutionItem, ExecutionRecord, FinishReason, ItemType, SpanRecord, Status
from otel_tracking.nodes import NodeVisit, visit_of
from otel_tracking.passed_differently import passed_differently
from otel_tracking.taxonomy import OUTPUT_TYPES

WRONG, NOTE = "wrong", "note"

MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in one sentence; `check` names the check, `kind` is `wrong` or `note`."""

    execution_id: str
    check: str
    kind: str
    sentence: str


def verify(record: ExecutionRecord, data_dir: Path | None = None) -> tuple[Finding, ...]:
    """Every finding about a record, and about its media files where a data directory is given."""
    found = [finding for check in CHECKS for finding in check(record)]
    if data_dir is not None:
        found += check_media(record, data_dir)
    return tuple(found)


def is_right(findings: Iterable[Finding]) -> bool:
    """Whether nothing is wrong; notes are not."""
    return all(finding.kind != WRONG for finding in findings)


def check_sequence(record: ExecutionRecord) -> Iterator[Finding]:
    """The items are numbered 1, 2, 3 … without a gap or a double."""
    numbers = [item.sequence_number for item in record.items]
    if numbers == list(range(1, len(numbers) + 1)):
        return
    missing = _missing(numbers)
    doubled = sorted(number for number, count in Counter(numbers).items() if count > 1)
    if missing:
        yield _wrong(record, "sequence", f"items {missing} are missing")
    if doubled:
        yield _wrong(record, "sequence", f"item numbers {_listed(doubled, len(doubled))} occur more than once")
    if not missing and not doubled:
        yield _wrong(record, "sequence", "the items are not in the order of their numbers")


def check_completeness(record: ExecutionRecord) -> Iterator[Finding]:
    """Nothing was dropped, and there is as much as the run counted itself."""
    if record.dropped:
        yield _wrong(record, "completeness", f"{record.dropped} items or spans are known to exist and are not here")
    for name, counted, here in (
        ("items", record.item_count, len(record.items)),
        ("spans", record.span_count, len(record.spans)),
    ):
        if counted is not None and counted != here:
            yield _wrong(record, "completeness", f"the run counted {counted} {name}, the record has {here}")
    if record.status == Status.INTERRUPTED:
        yield _note(
            record, "completeness", "the process ended before the run did; the record has everything up to then"
        )
    if record.lossy_values:
        yield _note(record, "completeness", f"{record.lossy_values} values are kept only as a description")


def check_outputs(record: ExecutionRecord) -> Iterator[Finding]:
    """`outputs_generated` is the number of outputs that items show, without those blocked afterwards."""
    made = {item.loop_iteration for item in record.items if item.item_type in OUTPUT_TYPES}
    blocked = {
        item.loop_iteration
        for item in record.items
        if item.item_type in (ItemType.OUTPUT_BLOCKED, ItemType.STAGE3_BLOCKED)
    }
    if record.outputs_generated != len(made - blocked):
        yield _wrong(
            record,
            "outputs",
            f"outputs_generated is {record.outputs_generated}, but the items show {len(made - blocked)}",
        )


def check_references(record: ExecutionRecord) -> Iterator[Finding]:
    """What spans and items refer to is in the record."""
    known = {span.span_id for span in record.spans}
    if not known:
        return
    for item in record.items:
        if item.attempt is not None and item.attempt not in known:
            yield _wrong(record, "references", f"item {item.sequence_number} names an attempt that is not here")
        if item.span_id is not None and item.span_id not in known:
            yield _wrong(record, "references", f"item {item.sequence_number} names a span that is not here")
    for span in record.spans:
        if span.parent_span_id is not None and span.parent_span_id not in known:
            yield _wrong(record, "references", f"span {span.name} ({span.span_id}) names a parent that is not here")


def check_visits(record: ExecutionRecord) -> Iterator[Finding]:
    """The visits of each node are numbered 1, 2, 3 …, and where each came from is in the record."""
    known = {span.span_id for span in record.spans}
    visits: dict[str, list[int]] = {}
    for visit in filter(None, map(visit_of, record.spans)):
        visits.setdefault(visit.node_id, []).append(visit.visit)
        for way in visit.after:
            if way.span_id not in known:
                yield _wrong(record, "visits", f"{_named(visit)} came from {way.node_id}, whose span is not here")
    for node_id, numbers in visits.items():
        if missing := _missing(numbers):
            yield _wrong(record, "visits", f"visits {missing} of node {node_id:.80} are missing")


def _named(visit: NodeVisit) -> str:
    return f"visit {visit.visit} of node {visit.node_id:.80}"


def check_chain(record: ExecutionRecord) -> Iterator[Finding]:
    """Each hop was given exactly what the hop before it made, and no hop is missing."""
    hops = _hops(record)
    numbers = [hop.stage_iteration or 0 for hop in hops]
    missing = _missing(numbers)
    if missing:
        yield _wrong(record, "chain", f"hops {missing} are missing")
    unknown = [hop.stage_iteration or 0 for hop in hops if hop.input_text is None]
    if unknown:
        yield _note(record, "chain", f"hops {_listed(unknown, len(unknown))} do not say which text they were given")
    for before, after in pairwise(hops):
        if after.input_text is not None and after.input_text != before.content:
            yield _wrong(record, "chain", _broken_link(before, after))


def check_passed(record: ExecutionRecord) -> Iterator[Finding]:
    """What was configured for a backend was also passed to it; what was not is named."""
    by_names: dict[tuple[str, ...], list[SpanRecord]] = {}
    for span in record.attempts:
        if span.not_passed:
            by_names.setdefault(span.not_passed, []).append(span)
        elif span.configured is not None and span.passed is None and span.status != "error":
            why = "".join(f"; {said}" for said in (span.facts or {}).get("not_captured") or ())
            yield _note(record, "passed", f"nobody recorded what was passed to {_call(span)}{why}")
    for names, calls in by_names.items():
        others = f" and {len(calls) - 1} more" if len(calls) > 1 else ""
        yield _note(record, "passed", f"configured but never passed: {', '.join(names)}, in {_call(calls[0])}{others}")


def check_changed(record: ExecutionRecord) -> Iterator[Finding]:
    """What was configured for a backend left as it was; what left as something else is named, with both."""
    by_names: dict[tuple[str, ...], list[SpanRecord]] = {}
    for span in record.attempts:
        if names := tuple(one.name for one in passed_differently(span)):
            by_names.setdefault(names, []).append(span)
    for calls in by_names.values():
        others = f" and {len(calls) - 1} more" if len(calls) > 1 else ""
        changes = [change_line(one, ENGLISH) for one in islice(passed_differently(calls[0]), MOST_LISTED)]
        sentence = f"configured, but passed differently: {', '.join(changes)}, in {_call(calls[0])}{others}"
        yield _note(record, "passed", sentence)


def check_media(record: ExecutionRecord, data_dir: Path) -> Iterator[Finding]:
    """Every media file is there and has the size and sha256 that were recorded."""
    for item in record.items:
        if item.media is None and item.file_path is None:
            continue
        sentence = _media_trouble(item, data_dir)
        if sentence and record.finish_reason == FinishReason.IMPORTED and _names_no_file(item, data_dir):
            # Earlier trackers wrote other things there ("workflow_prepared"): true to them, and of no use.
            yield _note(
                record, "media", f"item {item.sequence_number}: {item.file_path} is not the name of a file here"
            )
        elif sentence:
            yield _wrong(record, "media", f"item {item.sequence_number}: {sentence}")
        elif item.media is None or item.media.sha256 is None:
            yield _note(record, "media", f"item {item.sequence_number}: no sha256 was recorded for {item.file_path}")


CHECKS: tuple[Callable[[ExecutionRecord], Iterator[Finding]], ...] = (
    check_sequence,
    check_completeness,
    check_outputs,
    check_references,
    check_chain,
    check_visits,
    check_passed,
    check_changed,
)
"""The checks that need nothing but the record."""


def _media_trouble(item: ExecutionItem, data_dir: Path) -> str | None:
    """What is wrong with an item's file; None where nothing is."""
    if item.file_path is None:
        return "its media were recorded, but not where they are"
    try:
        path = inside(data_dir, item.file_path)
        if not path.is_file():
            return f"{item.file_path} is not there"
        return _difference(item, path)
    except (StorageError, OSError) as trouble:
        return f"{item.file_path} cannot be read: {trouble}"


def _names_no_file(item: ExecutionItem, data_dir: Path) -> bool:
    """Whether what the item calls a `file_path` can be none among the media."""
    try:
        return item.file_path is not None and not inside(data_dir, item.file_path)
    except UnsafePath:
        return True


def _difference(item: ExecutionItem, path: Path) -> str | None:
    if item.media is None:
        return None
    size = path.stat().st_size
    if item.media.bytes is not None and size != item.media.bytes:
        return f"{item.file_path} has {size:,} bytes, {item.media.bytes:,} were recorded"
    if item.media.sha256 is None:
        return None
    with path.open("rb") as file:
        is_same = hashlib.file_digest(file, "sha256").hexdigest() == item.media.sha256
    return None if is_same else f"{item.file_path} is not the file that was recorded: its sha256 is another"


def _hops(record: ExecutionRecord) -> list[ExecutionItem]:
    """The last item of each hop, in order: a hop that was tried again counts as it ended. Nodes are no chain."""
    nodes = {span.span_id for span in record.spans if visit_of(span)}
    by_number = {
        item.stage_iteration: item
        for item in record.items
        if item.item_type == ItemType.INTERCEPTION_ITERATION
        and item.stage_iteration is not None
        and item.span_id not in nodes
    }
    return [by_number[number] for number in sorted(by_number)]


def _broken_link(before: ExecutionItem, after: ExecutionItem) -> str:
    given, made = (_quoted(text) for text in (after.input_text, before.content))
    return f"hop {after.stage_iteration} was given {given}, but hop {before.stage_iteration} had made {made}"


def _quoted(text: Any, limit: int = 60) -> str:
    shown = str(text)
    return f'"{shown[:limit]}…"' if len(shown) > limit else f'"{shown}"'


def _call(span: SpanRecord) -> str:
    counters = (("stage", span.stage), ("hop", span.stage_iteration), ("output", span.loop_iteration))
    place = ", ".join(f"{name} {number}" for name, number in counters if number is not None)
    return f"{span.name} ({place})" if place else span.name


def _listed(numbers: Iterable[int], count: int) -> str:
    shown = ", ".join(map(str, islice(numbers, MOST_LISTED)))
    return f"{shown} and {count - MOST_LISTED} more" if count > MOST_LISTED else shown


def _missing(numbers: Iterable[Any]) -> str:
    """The numbers from 1 to the highest that are not there, in words; nothing where all are."""
    there = sorted({number for number in numbers if type(number) is int and number > 0})
    # Between one and the next: a single item may say that its number is 10¹⁸.
    between = (range(before + 1, number) for before, number in pairwise([0, *there]))
    return _listed(chain.from_iterable(between), there[-1] - len(there)) if there else ""


def _wrong(record: ExecutionRecord, check: str, sentence: str) -> Finding:
    return Finding(record.execution_id, check, WRONG, sentence)


def _note(record: ExecutionRecord, check: str, sentence: str) -> Finding:
    return Finding(record.execution_id, check, NOTE, sentence)
