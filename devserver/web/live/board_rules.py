"""What state each box is in: waiting, working, done, held, hidden, blocked, failed, stopped or skipped."""

from __future__ import annotations

from collections.abc import Sequence

from devserver.web.live.slots import Slot
from otel_tracking.audience import Decision
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import BLOCKED_TYPES, FAILURE_TYPES
from otel_tracking.view import View, verdict_of

_BROKEN_OFF = (Status.CANCELLED, Status.INTERRUPTED)


def states_of(slots: Sequence[Slot], record: ExecutionRecord, view: View) -> dict[str, str]:
    """The state of each slot by its key."""
    found: dict[str, str] = {}
    busy: set[object] = set()
    for slot in slots:
        found[slot.key] = _filled(slot, view) if slot.item else _empty(slot, record, busy)
    return found


def _filled(slot: Slot, view: View) -> str:
    item = slot.item
    assert item is not None
    if slot.verdict or item.item_type in BLOCKED_TYPES or verdict_of(item) is False:
        return "blocked"
    if item.item_type in FAILURE_TYPES:
        return "failed"
    if not view.why(item):
        return "done"
    return "held" if view.decide(item) == Decision.HELD else "hidden"


def _empty(slot: Slot, record: ExecutionRecord, busy: set[object]) -> str:
    """The state of a slot in which nothing is yet; `busy` are the stages whose first empty slot has been met."""
    span, has_ended = slot.span, record.has_ended
    place = (slot.stage, slot.output, slot.item_type if slot.output is not None else "")
    is_first = place not in busy
    if slot.hop is not None and span is None and not has_ended:
        busy.add(place)  # what comes after the hops waits for them
        return "waiting"
    if span is not None and span.execution_time is None and not has_ended:
        if slot.hop is None and not is_first:
            return "waiting"
        busy.add(place)
        return "working"
    if span is not None and (span.error or record.status in _BROKEN_OFF) and is_first:
        busy.add(place)
        return "stopped" if record.status in _BROKEN_OFF else "failed"
    return "skipped" if has_ended or span is not None else "waiting"
