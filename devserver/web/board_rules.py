"""What state each box is in, and what students may see of it before a check has spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devserver.web.run_state import RunState
from devserver.web.slots import Slot, hops_of
from exporters.story.withholding import withheld_in
from otel_tracking import attributes as names
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord, read_timestamp
from otel_tracking.taxonomy import BLOCKED_TYPES, OUTPUT_TYPES, ItemType

CHECKS = frozenset({ItemType.STAGE1_SAFETY_CHECK, ItemType.STAGE1_SAFETY_CHECK_IMAGE, ItemType.STAGE3_SAFETY_CHECK})
_FAILED = frozenset({ItemType.OUTPUT_FAILED, ItemType.PIPELINE_ERROR})


class Hiding:
    """What must not be shown: nothing from researchers; from students what a check said no to, or has yet to look at.

    A page that shows a text and takes it back has shown it. So a prompt waits for the check of stage 1, the final text
    for that of stage 3, and a picture for the end of its output. A prompt that is passed on, as it is or translated, is
    that text. The hops of a journey are what a class watches: they are shown as they come.
    """

    def __init__(self, state: RunState, *, for_students: bool) -> None:
        self.for_students = for_students
        self._state = state
        self._withheld = withheld_in(_as_record(state))
        is_over = state.has_ended
        self._prompt_waits = not (is_over or is_let_through(state))
        self._text_waits = bool(state.plan) and not is_over and not state.items_of(ItemType.STAGE3_SAFETY_CHECK)
        self._last_hop, self._passes_on = hops_of(state.plan), _passes_on(state)
        self._open_outputs = {
            span.output
            for span in state.spans.values()
            if span.name == names.OUTPUT_SPAN and span.ended_ns is None and not is_over
        }

    @property
    def holds_texts(self) -> bool:
        """Whether texts may be among what is hidden now."""
        return self.for_students and (
            self._prompt_waits or self._text_waits or self._withheld.everything or bool(self._withheld.texts)
        )

    def withholds(self, item: ExecutionItem) -> bool:
        """Whether a check said no to it, or none has looked at the run."""
        return bool(self.why_withheld(item))

    def why_withheld(self, item: ExecutionItem) -> str:
        """The word of documents that says why it is not shown; empty for what is."""
        return self._withheld.why(item) if self.for_students else ""

    def holds(self, item: ExecutionItem) -> bool:
        """Whether a check has yet to look at it."""
        if not self.for_students:
            return False
        if item.item_type in OUTPUT_TYPES:
            return item.loop_iteration in self._open_outputs
        if item.stage == 1 and self._prompt_waits:
            return item.content is not None or item.media is not None
        if item.stage == 1:
            return self._text_waits and self._passes_on and item.content is not None
        is_last = item.item_type == ItemType.INTERCEPTION_ITERATION and item.stage_iteration == self._last_hop
        return self._text_waits and (is_last or item.item_type == ItemType.INTERCEPTION_FINAL)


def is_let_through(state: RunState) -> bool:
    """Whether stage 1 has let the prompt through."""
    later = any(item.stage in (2, 3, 4) for item in state.items)
    return later or any(_is_safe(item) for item in state.items_of(ItemType.STAGE1_SAFETY_CHECK))


def state_of_slots(slots: Sequence[Slot], state: RunState, hiding: Hiding) -> dict[str, str]:
    """The state of each slot by its key."""
    found: dict[str, str] = {}
    busy: set[object] = set()
    for slot in slots:
        found[slot.key] = _filled(slot, hiding) if slot.item else _empty(slot, state, busy)
    return found


def _filled(slot: Slot, hiding: Hiding) -> str:
    item = slot.item
    assert item is not None
    if slot.verdict or item.item_type in BLOCKED_TYPES or _is_unsafe(item):
        return "blocked"
    if item.item_type in _FAILED:
        return "failed"
    return "held" if hiding.holds(item) else "done"


def _empty(slot: Slot, state: RunState, busy: set[object]) -> str:
    """The state of a slot in which nothing is yet; `busy` are the stages whose first empty slot has been met."""
    span = slot.span
    place = (slot.stage, slot.output, slot.item_type if slot.output is not None else "")
    is_first = place not in busy
    if slot.hop is not None and span is None and not state.has_ended:
        busy.add(place)  # what comes after the hops waits for them
        return "waiting"
    if span is not None and span.ended_ns is None and not state.has_ended:
        if slot.hop is None and not is_first:
            return "waiting"
        busy.add(place)
        return "working"
    if span is not None and (span.failed or state.status in (Status.CANCELLED, Status.INTERRUPTED)) and is_first:
        busy.add(place)
        return "failed" if state.status not in (Status.CANCELLED, Status.INTERRUPTED) else "stopped"
    if state.has_ended or (span is not None and span.ended_ns is not None):
        return "skipped"
    return "waiting"


def _passes_on(state: RunState) -> bool:
    """Whether what stage 3 looks at is the prompt itself, or its translation."""
    wanted = state.plan.get("interception")
    return isinstance(wanted, Mapping) and wanted.get("kind") == "pass_on"


def _is_safe(item: ExecutionItem) -> bool:
    return item.item_type in CHECKS and isinstance(item.metadata, dict) and item.metadata.get("safe") is True


def _is_unsafe(item: ExecutionItem) -> bool:
    return item.item_type in CHECKS and isinstance(item.metadata, dict) and item.metadata.get("safe") is False


def _as_record(state: RunState) -> ExecutionRecord:
    return ExecutionRecord(
        execution_id="",
        config_name=None,
        timestamp=read_timestamp(None),
        safety_level=state.head.get("safety_level"),
        items=tuple(state.items),
    )
