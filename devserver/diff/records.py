"""Compare two records: their heads, and the items and attempts that stand at the same place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from devserver.diff.ignored import (
    is_only_an_id,
    skip_in_metadata,
    skip_in_passed,
    skip_in_response,
    without_what_follows,
)
from devserver.diff.media import compare_media
from devserver.diff.model import ADDED, ATTEMPT, CHANGED, REMOVED, Comparison, Difference, Times, Where
from devserver.diff.values import MISSING, Change, changes
from exporters.story.changed_words import compare_texts
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, SpanRecord, canonical
from otel_tracking.passed_differently import passed_differently
from otel_tracking.record import Media

HEAD = (
    *("config_name", "execution_mode", "safety_level", "used_seed", "status", "error", "outputs_generated"),
    *("stages_completed", "taxonomy_version", "schema_version"),
)
"""Fields of a record that say what was asked for and what came of it."""

ITEM = ("media_type", "content", "input_text", "media", "config_used", "model_used", "backend_used")
ATTEMPTED = ("backend_used", "model_used", "config_used", "status", "error")


class _Pair(NamedTuple):
    """What stands at one place on the left and on the right; None where there is nothing."""

    where: Where
    left: Any
    right: Any


def compare(left: ExecutionRecord, right: ExecutionRecord) -> Comparison:
    """Everything that differs between two runs, in the order of the pipeline.

    Items are matched by stage, hop, output, item type and occurrence, attempts by stage, hop, output and occurrence.
    Media are compared as far as both records have them as attachments (`exporters.storage.writing.media.load_media`).
    """
    steps = compare_steps(left, right)
    return replace(steps, differences=_marked([*_compare_heads(left, right), *steps.differences]))


def compare_steps(left: ExecutionRecord, right: ExecutionRecord) -> Comparison:
    """The same without the heads: of items and attempts only."""
    attempts = list(_pairs(_placed(left.attempts), _placed(right.attempts)))
    items = list(_pairs(left.items, right.items))
    media = {**left.attachments, **right.attachments}
    found = [
        difference
        for pair in sorted([*attempts, *items], key=lambda pair: _order(pair.where))
        for difference in _compare_pair(pair, media)
    ]
    return Comparison(
        left=left.execution_id,
        right=right.execution_id,
        differences=_marked(found),
        times=(Times(Where(), left.total_execution_time, right.total_execution_time), *_times(attempts)),
        items=sum(None not in pair for pair in items),
        attempts=sum(None not in pair for pair in attempts),
    )


def _compare_heads(left: ExecutionRecord, right: ExecutionRecord) -> Iterator[Difference]:
    for name in HEAD:
        yield from _compare_field(Where(), name, getattr(left, name), getattr(right, name))
    yield from _compare_field(Where(), "metadata", left.metadata, right.metadata)


def _compare_pair(pair: _Pair, media: Any) -> Iterator[Difference]:
    where, left, right = pair
    if left is None or right is None:
        yield Difference(where=where, path=(), kind=ADDED if left is None else REMOVED, left=left, right=right)
    elif isinstance(left, ExecutionItem):
        yield from _compare_items(where, left, right, media)
    else:
        yield from _compare_attempts(where, left, right)


def _compare_items(where: Where, left: ExecutionItem, right: ExecutionItem, media: Any) -> Iterator[Difference]:
    for name in ITEM:
        one, other = getattr(left, name), getattr(right, name)
        if name == "media":
            yield from _compare_files(where, one, other, media)
        else:
            yield from _compare_field(where, name, one, other)
    yield from _compare_field(where, "metadata", left.metadata, right.metadata)


def _compare_attempts(where: Where, left: SpanRecord, right: SpanRecord) -> Iterator[Difference]:
    for name in ATTEMPTED:
        yield from _compare_field(where, name, getattr(left, name), getattr(right, name))
    yield from _compare_field(where, "configured", left.configured, right.configured)
    passed = list(changes(left.passed, right.passed, skip_in_passed))
    yield from _told(where, "passed", without_what_follows(passed, left.passed))
    yield from _compare_field(where, "passed_differently", *map(_sent_instead, (left, right)))
    response = list(changes(left.response, right.response, skip_in_response))
    yield from _told(where, "response", without_what_follows(response, left.response, is_answer=True))
    yield from _compare_field(where, "facts", left.facts, right.facts)


def _sent_instead(call: SpanRecord) -> dict[str, Any]:
    """What left in the place of configured values, by their names."""
    return {one.name: one.to_dict().get("passed") for one in passed_differently(call)}


def _compare_field(where: Where, name: str, left: Any, right: Any) -> Iterator[Difference]:
    yield from _told(where, name, changes(left, right, skip_in_metadata))


def _told(where: Where, name: str, found: Iterable[Change]) -> Iterator[Difference]:
    for change in found:
        if not is_only_an_id(change):
            yield _difference(where, (name, *change.path), change.left, change.right)


def _difference(where: Where, path: tuple[str, ...], left: Any, right: Any) -> Difference:
    kind = ADDED if left is MISSING else REMOVED if right is MISSING else CHANGED
    left, right = (None if side is MISSING else side for side in (left, right))
    text = compare_texts(left, right) if isinstance(left, str) and isinstance(right, str) else None
    return Difference(where=where, path=path, kind=kind, left=left, right=right, text=text)


def _compare_files(where: Where, left: Media | None, right: Media | None, media: Any) -> Iterator[Difference]:
    if left == right:
        return
    if left is None or right is None:
        kind = ADDED if left is None else REMOVED
        yield Difference(where=where, path=("media",), kind=kind, left=left, right=right)
        return
    change = compare_media(media.get(left.sha256), media.get(right.sha256), left.type)
    yield Difference(where=where, path=("media",), kind=CHANGED, left=left, right=right, media=change)


def _pairs(left: Iterable[Any], right: Iterable[Any]) -> Iterator[_Pair]:
    """What stands at each place on either side."""
    one, other = _by_place(left), _by_place(right)
    for where in {**one, **other}:
        first, second = one.get(where), other.get(where)
        yield _Pair(where._replace(name=getattr(first or second, "name", "")), first, second)


def _placed(attempts: Sequence[SpanRecord]) -> list[SpanRecord]:
    """The attempts, those that are requests of a call at the place of that call: they do not say it themselves."""
    by_id = {span.span_id: span for span in attempts}
    return [_at_the_place_of(by_id.get(str(span.parent_span_id)), span) for span in attempts]


def _at_the_place_of(call: SpanRecord | None, span: SpanRecord) -> SpanRecord:
    if call is None or span.stage is not None:
        return span
    return replace(span, stage=call.stage, stage_iteration=call.stage_iteration, loop_iteration=call.loop_iteration)


def _by_place(entries: Iterable[ExecutionItem | SpanRecord]) -> dict[Where, Any]:
    seen: Counter[Hashable] = Counter()
    found = {}
    for entry in entries:
        part = str(entry.item_type) if isinstance(entry, ExecutionItem) else ATTEMPT
        where = Where(part, entry.stage, entry.stage_iteration, entry.loop_iteration)
        seen[where] += 1
        found[where._replace(occurrence=seen[where])] = entry
    return found


def _times(attempts: Iterable[_Pair]) -> Iterator[Times]:
    for where, left, right in sorted(attempts, key=lambda pair: _order(pair.where)):
        if left is not None and right is not None:
            yield Times(where, left.execution_time, right.execution_time)


def _order(where: Where) -> tuple[Any, ...]:
    """Start, stage 1, stage 2 hop by hop and what comes of it, stages 3 and 4 output by output, end."""
    together = 3 if where.stage in (3, 4) else where.stage
    last = where.stage_iteration is None
    counters = (together, where.loop_iteration, where.stage)
    inside = 0 if where.part in _GIVEN else 1 if where.part == ATTEMPT else 2
    return (*map(_rank, counters), last, _rank(where.stage_iteration), inside)


_GIVEN = frozenset({ItemType.USER_INPUT_TEXT, ItemType.USER_INPUT_IMAGE})
"""Item types that come before the attempts of their stage."""


def _rank(number: Any) -> tuple[bool, int, str]:
    """Numbers in order, nothing as 0, and behind them what some caller counted with instead."""
    is_number = number is None or isinstance(number, int)
    return (False, number or 0, "") if is_number else (True, 0, str(number))


def _marked(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """The differences, those that repeat the values of another one marked so."""
    found = list(found)
    files = {file for each in found if each.media is not None for file in _files_of(each)}
    seen: set[Hashable] = set()
    marked = []
    for difference in found:
        key = _values_of(difference)
        of_file = difference.path[-2:-1] == ("media",) and (difference.left, difference.right) in files
        marked.append(replace(difference, again=key in seen or of_file))
        seen.add(key)
    return tuple(marked)


def _files_of(difference: Difference) -> Iterator[tuple[Any, Any]]:
    """What answers say of the two files that an item's difference is about."""
    left, right = difference.left, difference.right
    yield from ((left.sha256, right.sha256), (left.bytes, right.bytes))


def _values_of(difference: Difference) -> Hashable:
    """What makes a difference the same as another: a text wherever it stands, other values by their name."""
    if difference.text is not None and len(difference.left) > 3:
        return difference.left, difference.right
    if difference.path == () or difference.media is not None:
        return difference.where, difference.path
    return difference.path[-1], difference.kind, canonical.dumps([difference.left, difference.right])
