"""Make of the entries of a run its items: each its type, its place, its text or medium, and all that was said of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exporters.recorders.bodies import EntityBody, body_of, media_path
from exporters.recorders.files import FileFacts
from exporters.recorders.metadata import Recorded, RecordedEntry
from exporters.recorders.origin import IMPORTED_FROM, origin_of_item
from otel_tracking import canonical, entities
from otel_tracking.entities import ERROR, Kind, kind_of, language_of, plain_name, with_body
from otel_tracking.record import ExecutionItem
from otel_tracking.taxonomy import BLOCKED_TYPES, CHECK_TYPES, FAILURE_TYPES, OUTPUT_TYPES, ItemType, usual_media_type
from otel_tracking.values.record_fields import NO_TYPE

_INLINE = ("content", "text", "new_text", "new_value")
"""Where the text of an entry may stand that has no file."""
_NO_TEXTS = OUTPUT_TYPES | FAILURE_TYPES
"""Types whose content no check of stage 3 looks at."""


@dataclass(frozen=True, slots=True)
class SavedEntry:
    """An entry with its file; None where it names none, or that one `is_missing`."""

    entry: RecordedEntry
    file: FileFacts | None = None
    is_missing: bool = False


def items_of(recorded: Recorded, folder: str, started: dt.datetime, saved: Iterable[SavedEntry]) -> Items:
    """The items of a run, their media below the folder of that name; an entry without a time has that before it."""
    items = Items(recorded, folder, started)
    for one in saved:
        items.add(one)
    items.conclude()
    return items


class Items:
    """The items of one run so far, and the file of each medium."""

    def __init__(self, recorded: Recorded, folder: str, started: dt.datetime) -> None:
        self.items: list[ExecutionItem] = []
        self.files: dict[str, FileFacts] = {}
        self.lossy_values = 0
        self._models, self._folder, self._now = recorded.models, folder, started
        self._outputs = 0
        self._names = {entry.type or NO_TYPE for entry in recorded.entities}
        self._prompt_id: Any = None
        self._texts: dict[str, None] = {}

    def add(self, saved: SavedEntry) -> None:
        """The item of an entry, after those that there are."""
        entry, body = saved.entry, body_of(saved.file)
        self._now = entry.moment or self._now
        self.lossy_values += body.lossy_values
        metadata = {**entry.metadata, IMPORTED_FROM: origin_of_item(entry, saved.file, saved.is_missing)}
        kind = kind_of(entry.type, metadata, body.media_format)
        if entry.is_edit and not self._is_a_beginning(entry, kind):
            self._add_edit(saved, kind, body, metadata)
        elif entry.type == ERROR:
            self._add_error(saved, body, metadata)
        else:
            self._add_entity(saved, kind, body, metadata)

    def conclude(self) -> None:
        """A block where a check said no and nothing came of the run after it, although nobody wrote one down.

        Whatever is shown to students asks for blocks.
        """
        checks = [item for item in self.items if item.item_type in CHECK_TYPES]
        if not checks or checks[-1].metadata.get("safe") is not False or self._has(*BLOCKED_TYPES):
            return
        check = checks[-1]
        if not any((item.stage or 0) > (check.stage or 0) for item in self.items[check.sequence_number :]):
            origin = {IMPORTED_FROM: {"concluded_from": check.sequence_number}}
            self._put_block(SavedEntry(RecordedEntry({})), origin, check.stage)

    def _is_a_beginning(self, entry: RecordedEntry, kind: Kind) -> bool:
        """Whether a step of the prompting is no edit: the first text of a name that no entity has.

        Of a run that nobody went on with, all that was typed and made is among these steps.
        """
        name = entry.type or NO_TYPE
        is_first = name not in self._names
        self._names.add(name)
        return is_first and entities.is_a_persons(kind)

    def _add_edit(self, saved: SavedEntry, kind: Kind, body: EntityBody, metadata: dict[str, Any]) -> None:
        """A turn of the person; which text it was, its type says."""
        stage = kind.stage if kind.stage in (1, 2, 3, 4) else 2
        named = {"field": saved.entry.type, **_language(saved.entry, "language"), **metadata}
        self._put(saved, body, named, item_type=ItemType.USER_EDIT, stage=stage)

    def _add_error(self, saved: SavedEntry, body: EntityBody, metadata: dict[str, Any]) -> None:
        """A failure, or what was none: a check that said no."""
        said = with_body(metadata, body.content)
        stage = entities.stage_of_error(said)
        if entities.is_block(said):
            self._put_block(saved, said, stage)
        else:
            told = {"error_message": said.get("message"), **said}
            content = said.get("message", body.content)
            self._put(saved, EntityBody(content), told, item_type=ItemType.PIPELINE_ERROR, stage=stage or 0)

    def _add_entity(self, saved: SavedEntry, kind: Kind, body: EntityBody, metadata: dict[str, Any]) -> None:
        item_type = kind.item_type or plain_name(saved.entry.type or NO_TYPE)
        model = self._models.get(kind.model) if kind.model else None
        place: dict[str, Any] = {"item_type": item_type, "stage": kind.stage, "model_used": model}
        if item_type in CHECK_TYPES:
            return self._add_check(saved, with_body(metadata, body.content), place)
        if item_type == ItemType.PIPELINE_START:
            metadata, body = with_body(metadata, body.content), EntityBody()
        if item_type in OUTPUT_TYPES:
            place["loop_iteration"] = self._output_of(saved.entry, metadata)
        if kind.item_type is None:
            place["media_type"] = kind.media_type
        name = "to_lang" if item_type == ItemType.TRANSLATION_RESULT else "language"
        self._put(saved, body, {**_language(saved.entry, name), **metadata}, **place)

    def _add_check(self, saved: SavedEntry, said: dict[str, Any], place: Mapping[str, Any]) -> None:
        said = entities.with_verdict(said)
        if said.get("safe") is False and place["stage"] == 3:
            # Which text it said no to is not written down, and students must not be shown it: any since stage 2.
            place = {**place, "input_text": list(self._texts)}
        self._put(saved, EntityBody(), said, **place)

    def _put_block(self, saved: SavedEntry, said: dict[str, Any], stage: int | None) -> None:
        """Where nobody says at which stage, it is that of the furthest thing there is."""
        stage = stage or (4 if self._outputs else 3 if self._has(ItemType.INTERCEPTION_FINAL) else 1)
        item_type = entities.BLOCKED_AT.get(stage, ItemType.STAGE3_BLOCKED)
        output = (self._outputs or None) if stage == 4 else None
        where = 3 if item_type == ItemType.STAGE3_BLOCKED else stage
        if item_type == ItemType.STAGE3_BLOCKED and not self._said_no(where):
            origin = {IMPORTED_FROM: {"concluded_from": len(self.items) + 2}}
            self._add_check(saved, {"safe": False, **origin}, {"item_type": ItemType.STAGE3_SAFETY_CHECK, "stage": 3})
        self._put(saved, EntityBody(), {"safe": False, **said}, item_type=item_type, stage=where, loop_iteration=output)

    def _put(
        self, saved: SavedEntry, body: EntityBody, metadata: dict[str, Any], *, item_type: str, **place: Any
    ) -> None:
        number = len(self.items) + 1
        if isinstance(body.content, str) and item_type not in _NO_TEXTS and (place.get("stage") or 0) > 1:
            self._texts[body.content] = None
        file_path = None
        if body.media and saved.file:
            file_path = media_path(self._folder, number, str(item_type), saved.file)
            self.files[file_path] = saved.file
        item = {
            "media_type": usual_media_type(item_type),
            "content": self._settled(
                _inline(metadata) if saved.file is None and body.content is None else body.content
            ),
            **place,
            **entities.said_by(metadata, place.get("model_used")),
        }
        self.items.append(
            ExecutionItem(
                **item,
                sequence_number=number,
                timestamp=self._now,
                item_type=item_type,
                media=body.media,
                file_path=file_path,
                metadata=self._settled(metadata),
            )
        )

    def _settled(self, value: Any) -> Any:
        """A value as it is stored: what is too deep is cut, and counted."""
        value, lossy = canonical.settle(value)
        self.lossy_values += lossy
        return value

    def _output_of(self, entry: RecordedEntry, metadata: Mapping[str, Any]) -> int:
        """The number of its output. Pictures of one call are one output, and so is what was put together of them."""
        is_part = entities.is_part_of_output(entry.type, metadata, self._prompt_id)
        if not (is_part and self._outputs):
            self._outputs += 1
        self._prompt_id = metadata.get("prompt_id")
        return self._outputs

    def _said_no(self, stage: int) -> bool:
        checks = [item for item in self.items if item.item_type in CHECK_TYPES and item.stage == stage]
        return any(check.metadata.get("safe") is False for check in checks)

    def _has(self, *types: str) -> bool:
        return any(item.item_type in types for item in self.items)


def _language(entry: RecordedEntry, name: str) -> dict[str, str]:
    language = language_of(entry.type)
    return {name: language} if language else {}


def _inline(metadata: Mapping[str, Any]) -> str | None:
    return next((metadata[name] for name in _INLINE if isinstance(metadata.get(name), str)), None)
