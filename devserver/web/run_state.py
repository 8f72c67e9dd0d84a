"""What a run is like so far, as its live events tell it one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from collectors.recording.live import LiveEvent
from collectors.recording.open_runs import ENDED, FINISHED, STARTED
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.frame import ITEM_FIELDS
from otel_tracking.outcome import Outcome
from otel_tracking.record import ExecutionItem, Media, timestamp_of
from otel_tracking.taxonomy import STAGE_NAMES, ItemType, read_item_type, read_media_type

SAFETY_LEVEL = names.PREFIX + "safety_level"
"""Said at the beginning of a run that is told from its record: one of another tracker may have no item that says it."""

_HEAD = {"execution_id": names.EXECUTION_ID, "config_name": names.CONFIG_NAME, "safety_level": SAFETY_LEVEL}
_STAGE_SPANS = frozenset({*STAGE_NAMES.values(), "stage"})
_PLACES = _STAGE_SPANS | {names.ITERATION_SPAN, names.OUTPUT_SPAN}


@dataclass(slots=True)
class SpanSeen:
    """A span as far as a watcher cares: its place, since when, and whether it is over. Times are nanoseconds."""

    name: str
    parent_id: int | None
    stage: Any
    hop: Any
    output: Any
    since_ns: int
    ended_ns: int | None = None
    failed: bool = False

    @property
    def is_stage(self) -> bool:
        """Whether it is a whole stage."""
        return self.name in _STAGE_SPANS


class RunState:
    """A run so far, fed with its events in order."""

    def __init__(self) -> None:
        self.seen = 0
        self.head: dict[str, Any] = {}
        self.plan: Mapping[str, Any] = {}
        self.items: list[ExecutionItem] = []
        self.spans: dict[int, SpanSeen] = {}
        self.directions: dict[Any, tuple[Any, Any]] = {}
        self.status: str | None = None
        self._outcome = Outcome()
        self._ended = self._failed = self._cancelled = False

    def tell(self, event: LiveEvent) -> bool:
        """Take the next event in; False where nothing is different after it."""
        self.seen = event.number
        if event.kind == STARTED:
            return self._start(event)
        if event.kind == ENDED:
            return self._end(event)
        if event.kind == FINISHED:
            self.status = str(event.fields.get("status") or self._status())
            return True
        return self._item(event) if event.is_item else self._fact(event)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.status is not None

    @property
    def has_ended(self) -> bool:
        """Whether the root span has ended, or the run is over anyway."""
        return self._ended or self.is_over

    @property
    def seconds(self) -> float | None:
        """How long the run took; None where it has not ended."""
        root = next((span for span in self.spans.values() if span.parent_id is None), None)
        return (root.ended_ns - root.since_ns) / 1e9 if root and root.ended_ns is not None else None

    def items_of(self, *types: str) -> list[ExecutionItem]:
        """The items of these types, in order."""
        return [item for item in self.items if item.item_type in types]

    def _start(self, event: LiveEvent) -> bool:
        if event.parent_id is not None and event.name not in _PLACES:
            return False  # an attempt: what comes of it is an item
        place = event.fields
        self.spans[event.span_id] = SpanSeen(
            event.name,
            event.parent_id,
            place.get(names.STAGE),
            place.get(names.STAGE_ITERATION),
            place.get(names.LOOP_ITERATION),
            event.timestamp_ns,
        )
        if event.parent_id is None:
            self.head |= {field: place[name] for field, name in _HEAD.items() if name in place}
        return True

    def _end(self, event: LiveEvent) -> bool:
        span = self.spans.get(event.span_id)
        if span is None:
            return False
        span.ended_ns, span.failed = event.timestamp_ns, names.ERROR_TYPE in event.fields
        if span.is_stage:
            self._outcome.stage_ended(span.stage or 0, span.output, failed=span.failed)
        elif span.name == names.OUTPUT_SPAN:
            self._outcome.output_ended(span.output, failed=span.failed)
        if span.parent_id is None:
            self._ended, self._failed = True, event.name == "error"
            self._cancelled = event.fields.get(names.CANCELLED) is True
        return True

    def _item(self, event: LiveEvent) -> bool:
        item = item_of(event.fields, event.span_id)
        self.items.append(item)
        self._outcome.item(item.item_type, item.stage, item.loop_iteration)
        if item.item_type == ItemType.PIPELINE_START and isinstance(item.metadata, Mapping):
            self.head |= {str(name): value for name, value in item.metadata.items()}
            more = self.head.get("metadata")
            said = more if isinstance(more, Mapping) else {}
            plan = said.get("config")
            self.plan = _with_asked(plan, said) if isinstance(plan, Mapping) else {}
        return True

    def _fact(self, event: LiveEvent) -> bool:
        span, said = self.spans.get(event.span_id), event.fields.get("value")
        is_hop = span is not None and span.name == names.ITERATION_SPAN
        if not (span and is_hop and event.fields.get("fact") == "configured" and isinstance(said, Mapping)):
            return False
        self.directions[span.hop] = said.get("from_lang"), said.get("to_lang")
        return True

    def _status(self) -> str:
        return self._outcome.status(ended=self._ended, failed=self._failed, cancelled=self._cancelled)


def state_after(events: Iterable[LiveEvent]) -> RunState:
    """The state that these events lead to."""
    state = RunState()
    for event in events:
        state.tell(event)
    return state


def item_of(fields: Mapping[str, Any], span_id: int) -> ExecutionItem:
    """An item as its record will have it; media have no path before they are stored."""
    settled: dict[str, Any] = canonical.settle(dict(fields))[0]
    known = {name: value for name, value in settled.items() if name in ITEM_FIELDS}
    known["timestamp"] = timestamp_of(known.pop("timestamp_ns"))
    known["item_type"] = read_item_type(known["item_type"])
    known["media_type"] = read_media_type(known["media_type"])
    described = known.pop("media", None)
    media = Media(*map(described.get, ("sha256", "bytes", "type"))) if isinstance(described, Mapping) else None
    return ExecutionItem(**known, media=media, span_id=f"{span_id:016x}")


def _with_asked(plan: Mapping[str, Any], more: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration with the journey that was asked for in place of its own: that says which hop is the last."""
    languages, wanted = more.get("languages"), plan.get("interception")
    if not isinstance(languages, list | tuple) or not isinstance(wanted, Mapping):
        return plan
    return {**plan, "interception": {**wanted, "languages": languages}}
