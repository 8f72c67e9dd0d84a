"""A run as boxes: one for each thing that is made on the way, also for those that are still to come.

Pure: the same record gives the same boxes, be its run over or under way. What is in a box is the box that documents
show (`exporters.story.boxes`), so a run looks the same while it goes on and afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from devserver.web.live.board_rules import states_of
from devserver.web.live.slots import Slot, slots_of
from devserver.web.live.text_changes import ChangedText, ComparedTexts, WayText, changes_along
from devserver.web.travel.travel_map import TravelMap, Way, travel_map
from devserver.web.words import words_of
from exporters.storage.writing.media import media_name
from exporters.story.boxes import box_of
from exporters.story.drifting import ON_THE_WAY
from exporters.story.language_names import language_name
from exporters.story.parts import Box
from exporters.story.readable import language_code, visible_line
from exporters.story.untranslated import marks_of
from exporters.story.words import words_of as words_of_documents
from otel_tracking.audience import Audience, Content
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import ItemType
from otel_tracking.view import View, view_of

_EPOCH, _MILLISECOND = dt.datetime.fromtimestamp(0, dt.UTC), dt.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBox:
    """One box as a page shows it; every text is ready to be shown, none is markup.

    `codes` are the languages of `way`, empty where none is known; `change` is what became of the text on its way.
    `order` sorts boxes as texts. `state` is `waiting`, `working`, `done`, `held`, `hidden`, `blocked`, `failed`,
    `stopped` or `skipped`, `state_word` the same for people. `since_ms` says since when it is worked on (milliseconds
    since 1970).
    """

    key: str
    chapter: str
    chapter_title: str
    order: str
    label: str
    state: str
    state_word: str
    since_ms: int | None = None
    text: str = ""
    language: str = ""
    direction: str = "ltr"
    way: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    change: ChangedText | None = None
    way_note: str = ""
    caption: str = ""
    took: str = ""
    note: str = ""
    medium: dict[str, str] | None = None
    parameters: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        plain = asdict(self)
        change = self.change.to_dict() if self.change else None
        lists = {name: list(plain[name]) for name in ("way", "codes", "parameters")}
        return {**plain, **lists, "change": change}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """The run as a whole: its ids, its status, and what that means in a sentence."""

    execution_id: str
    config_name: str
    status: str
    status_word: str
    sentence: str
    is_over: bool
    route: tuple[str, ...] = ()
    progress: tuple[int, int] = (0, 0)
    travel: TravelMap | None = None

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        lists = {"route": list(self.route), "progress": list(self.progress)}
        return {**asdict(self), **lists, "travel": self.travel.to_dict() if self.travel else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything that a page shows of a run."""

    head: RunHead
    boxes: tuple[LiveBox, ...] = field(default=())

    @property
    def chapters(self) -> list[tuple[str, str, list[LiveBox]]]:
        """Key, title and boxes of each chapter."""
        found: dict[str, tuple[str, str, list[LiveBox]]] = {}
        for box in self.boxes:
            found.setdefault(box.chapter, (box.chapter, box.chapter_title, []))[2].append(box)
        return list(found.values())


Contents = dict[tuple[int, str], tuple[ExecutionItem, Box]]
"""What was drawn already, by the item's `id` and why it is withheld; it keeps the item, so the id stays its own."""


def board_of(
    record: ExecutionRecord,
    *,
    language: str,
    audience: str,
    contents: Contents | None = None,
    compared: ComparedTexts | None = None,
) -> Board:
    """The board of a run that is over or under way, in `en` or `de`, for a `researcher` or a `student`.

    Whoever asks again and again hands in the same `contents` and `compared`, which only this fills: an item is drawn
    once, and two texts are compared once.
    """
    slots, view = slots_of(record), view_of(record, audience)
    states = states_of(slots, record, view)
    draw = _Drawing(record, view, language, {} if contents is None else contents)
    boxes = [draw.box(slot, states[slot.key]) for slot in slots]
    texts = (_on_the_way(box) for box, slot in zip(boxes, slots, strict=True) if slot.item_type in ON_THE_WAY)
    changes = changes_along((text for text in texts if text.text), words_of(language), compared)
    marked = tuple(replace(box, change=changes[box.key]) if box.key in changes else box for box in boxes)
    return Board(head=_head(record, marked, language), boxes=marked)


def _on_the_way(box: LiveBox) -> WayText:
    return WayText(box.key, box.label, box.text, box.codes[-1] if box.codes else "")


class _Drawing:
    """Draws the boxes of one run in one language."""

    def __init__(self, record: ExecutionRecord, view: View, language: str, contents: Contents) -> None:
        self._record, self._view, self._language, self._contents = record, view, language, contents
        self._words, self._document_words = words_of(language), words_of_documents(language)
        self._marks = marks_of(record)

    def box(self, slot: Slot, status: str) -> LiveBox:
        """The box of a slot, with what is in it as far as it is there and may be shown."""
        item = slot.item
        content = self._content(item) if item else None
        is_hidden = bool(content and content.withheld)
        return LiveBox(
            key=slot.key,
            chapter=slot.chapter,
            chapter_title=self._chapter_title(slot),
            order=slot.order,
            label=content.label if content else self._label(slot),
            state=status,
            state_word=self._words[f"state {status}"],
            since_ms=(slot.span.timestamp - _EPOCH) // _MILLISECOND if slot.span and status == "working" else None,
            text=content.text if content and not is_hidden else "",
            language=content.tag if content else "",
            direction=content.direction if content else "ltr",
            way=self._way(slot, content),
            codes=_codes(slot, content),
            way_note=content.way_note(self._document_words) if content else "",
            caption=content.caption if content and not is_hidden else "",
            took=content.seconds if content else "",
            note=self._note(status, content),
            medium=self._medium(slot, item, content) if item and not is_hidden else None,
            parameters=_parameters(content) if content and not is_hidden else (),
        )

    def _content(self, item: ExecutionItem) -> Box:
        # By identity: numbers of records from elsewhere may come twice.
        key = id(item), self._view.why(item)
        if key not in self._contents:
            in_full = self._view.is_for(Content.PARAMETERS)
            marks, why = self._marks[id(item)], key[1]
            box = box_of(item, {}, self._document_words, withheld=why, with_parameters=in_full, marks=marks)
            self._contents[key] = item, box
        return self._contents[key][1]

    def _chapter_title(self, slot: Slot) -> str:
        if slot.output is not None:
            config = visible_line(slot.config) if slot.config else ""
            return " · ".join(part for part in (f"{self._document_words['output']} {slot.output}", config) if part)
        return self._document_words.get(f"stage {slot.stage}", self._document_words["item"])

    def _label(self, slot: Slot) -> str:
        word = self._document_words.get(slot.item_type, slot.item_type)
        return f"{word} {slot.hop}" if slot.hop is not None else word

    def _way(self, slot: Slot, content: Box | None) -> tuple[str, ...]:
        """Where a hop goes from and to; or the one language a text is in. Names, in the page's language."""
        name_of = partial(language_name, language=self._language)
        way = content.way(name_of, self._document_words) if content else ()
        if len(way) > 1:
            return way
        codes = _planned_codes(slot)
        return tuple(name_of(code) if code else "?" for code in codes) if any(codes) else way

    def _note(self, status: str, content: Box | None) -> str:
        if status == "held":
            return self._words["held"]
        if content and content.withheld:
            return content.withheld
        return self._words["failed note"] if status == "failed" and not (content and content.text) else ""

    def _medium(self, slot: Slot, item: ExecutionItem, content: Box | None) -> dict[str, str] | None:
        medium = content.medium if content else None
        if medium is None:
            return None
        name = medium.sha256 or media_name(medium.file_path)
        # Whoever looks at the students' view saves what students may have.
        query = "" if self._view.audience == Audience.RESEARCHER else f"?audience={self._view.audience}"
        media = f"/api/runs/{self._record.execution_id}"
        kind = "image" if medium.is_image else "video" if medium.mime_type.startswith("video/") else "file"
        kind = "audio" if medium.mime_type.startswith("audio/") else kind
        given = self._record.items_of(ItemType.INTERCEPTION_FINAL, ItemType.USER_INPUT_TEXT)
        alt = visible_line(item.input_text or "") if not self._view.holds_texts else ""
        return {
            "kind": kind if name else "missing",
            "type": medium.mime_type,
            "url": f"{media}/media/{name}{query}" if name else "",
            "thumbnail": f"{media}/thumbnails/{name}" if name and kind == "image" else "",
            "alt": f"{self._label(slot)}: {alt[:200]}" if alt and given else self._label(slot),
        }


def _codes(slot: Slot, content: Box | None) -> tuple[str, ...]:
    """The languages of a way, as codes; the text that was left as it was is in none."""
    codes: tuple[str | None, ...] = _planned_codes(slot)
    if content and (content.from_language or content.to_language):
        codes = content.from_language, content.to_language
    elif content and not any(codes):
        codes = (content.language,)
    is_left = bool(content and content.left and content.left.is_all)
    told = tuple(code or "" for code in codes)
    return (*told[:-1], "") if is_left else told if any(told) else ()


def _planned_codes(slot: Slot) -> tuple[str | None, ...]:
    """From where to where a hop goes that has begun."""
    said = slot.span.configured if slot.span and slot.hop else None
    return tuple(language_code(said.get(end)) for end in ("from_lang", "to_lang")) if isinstance(said, Mapping) else ()


def _parameters(content: Box) -> tuple[dict[str, Any], ...]:
    return tuple({"name": one.name, "value": one.value, "is_long": one.is_long} for one in content.parameters)


def _head(record: ExecutionRecord, boxes: tuple[LiveBox, ...], language: str) -> RunHead:
    words = words_of(language)
    status = record.status
    counted = [box for box in boxes if box.state != "skipped"]
    return RunHead(
        execution_id=visible_line(record.execution_id),
        config_name=visible_line(record.config_name or ""),
        status=visible_line(status),
        status_word=words.get(f"status {status}", visible_line(status)),
        sentence=words.get(f"sentence {status}", ""),
        is_over=record.is_over,
        route=_route(boxes),
        travel=travel_map(_ways(boxes), partial(language_name, language=language)),
        progress=(sum(box.state not in ("waiting", "working") for box in counted), len(counted)),
    )


def _route(boxes: tuple[LiveBox, ...]) -> tuple[str, ...]:
    """The languages that the text went through, or is on its way to."""
    ways: list[Mapping[int, str] | tuple[str, ...]] = [box.way for box in boxes if len(box.way) == 2]
    return (ways[0][0], *(way[1] for way in ways)) if ways else ()


def _ways(boxes: tuple[LiveBox, ...]) -> list[Way]:
    """The ways that the text took, or is on; those without an end, or where nothing came of it, are none."""
    begun = (box for box in boxes if len(box.codes) == 2 and box.state not in ("failed", "stopped", "skipped"))
    return [Way(box.codes[0], box.codes[1], box.state != "working") for box in begun]
