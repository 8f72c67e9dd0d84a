"""The record as earlier servers know it: with their helper methods, and a dict that any JSON encoder takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Self

from otel_tracking import canonical, record
from otel_tracking.frame import ITEM_FIELDS
from otel_tracking.record import ExecutionItem, Media, timestamp_of
from otel_tracking.run import Execution
from otel_tracking.span_event import Frame
from otel_tracking.taxonomy import ItemType, read_item_type, read_media_type


class ExecutionRecord(record.ExecutionRecord):
    """A record with `get_items_by_…`; `to_dict` holds only what JSON knows, so that `jsonify` never fails."""

    @classmethod
    def later(cls, head: Mapping[str, Any], load: Callable[[], record.ExecutionRecord | None]) -> Self:
        """A record of which the `head` is known; its other fields are loaded when the first of them is asked for.

        Where nothing can be loaded any more, they are empty.
        """
        made = cls.__new__(cls)
        for name, value in {**head, "_load": lambda: load() or record.ExecutionRecord(**head)}.items():
            object.__setattr__(made, name, value)
        return made

    def __getattr__(self, name: str) -> Any:
        """A field that was not loaded yet: now all of them are."""
        if name not in _NAMES or "_load" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        for field_name, value in _fields(self.__dict__["_load"]()).items():
            object.__setattr__(self, field_name, value)
        return object.__getattribute__(self, name)

    def to_dict(self) -> dict[str, Any]:
        """All fields by name; values that JSON cannot say are tagged as in `otel_tracking/canonical.py`."""
        text = self.__dict__.get("_text") or canonical.dumps(super().to_dict())
        if self.__dict__.get("_is_kept"):
            object.__setattr__(self, "_text", text)
        plain: dict[str, Any] = json.loads(text)
        return plain

    def get_items_by_stage(self, stage: int) -> list[ExecutionItem]:
        """The items of one stage, in order."""
        return [item for item in self.items if item.stage == stage]

    def get_items_by_type(self, item_type: str) -> list[ExecutionItem]:
        """The items of one type, in order."""
        return [item for item in self.items if item.item_type == item_type]

    def get_items_by_media_type(self, media_type: str) -> list[ExecutionItem]:
        """The items of one medium, in order."""
        return [item for item in self.items if item.media_type == media_type]


_NAMES = frozenset(entry.name for entry in fields(record.ExecutionRecord))


def as_earlier(stored: record.ExecutionRecord, *, is_kept: bool = False) -> ExecutionRecord:
    """The same record, with the earlier helper methods. One that `is_kept` is asked for its dict again and again."""
    if isinstance(stored, ExecutionRecord):
        return stored
    earlier = ExecutionRecord(**_fields(stored))
    object.__setattr__(earlier, "_is_kept", is_kept)
    return earlier


def as_stored(given: record.ExecutionRecord) -> record.ExecutionRecord:
    """The same record, without them."""
    return record.ExecutionRecord(**_fields(given))


def _fields(source: record.ExecutionRecord) -> dict[str, Any]:
    return {entry.name: getattr(source, entry.name) for entry in fields(source)}


def items_of(frames: Iterable[Frame]) -> list[ExecutionItem]:
    """The items among these frames as the record will have them; media have no path before they are stored."""
    found = {}
    for frame in frames:
        logged = frame.fields()
        if "item_type" in logged:
            found[logged["sequence_number"]] = _item(logged, frame.span_id)
    return [found[number] for number in sorted(found)]


def record_so_far(execution: Execution, items: list[ExecutionItem], **head: Any) -> ExecutionRecord:
    """The record of a run as far as it has come: `interrupted` until it has ended, and without its spans."""
    outcome = execution._run.outcome
    failed = any(item.item_type == ItemType.PIPELINE_ERROR for item in items)
    return ExecutionRecord(
        execution_id=execution.execution_id,
        trace_id=execution.trace_id,
        status=outcome.status(ended=execution.ended, failed=failed),
        outputs_generated=outcome.outputs_generated,
        stages_completed=outcome.stages_completed,
        items=tuple(items),
        item_count=len(items),
        **head,
    )


def _item(logged: dict[str, Any], span_id: int) -> ExecutionItem:
    settled: dict[str, Any] = canonical.settle(logged)[0]
    known = {name: value for name, value in settled.items() if name in ITEM_FIELDS}
    known["timestamp"] = timestamp_of(known.pop("timestamp_ns"))
    known["item_type"] = read_item_type(known["item_type"])
    known["media_type"] = read_media_type(known["media_type"])
    described = known.pop("media", None)
    media = Media(described["sha256"], described["bytes"], described["type"]) if described else None
    return ExecutionItem(**known, media=media, span_id=f"{span_id:016x}")
