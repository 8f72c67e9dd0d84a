"""What the index keeps of a run: what its row shows and which texts find it, for students and for researchers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from exporters.explorer.letters import folded
from exporters.story.concerns import is_concern
from exporters.story.readable import visible_line
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import ItemType, MediaType
from otel_tracking.view import View, view_of

LONGEST_PROMPT = 160
MOST_PICTURES = 3

_SEARCHED = frozenset({ItemType.USER_INPUT_TEXT, ItemType.USER_EDIT, ItemType.INTERCEPTION_FINAL})
_SOUNDS = (MediaType.AUDIO, MediaType.MUSIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What one audience sees of a run in a list: what was asked, and what came of it. `pictures` are SHA-256.

    `is_concern` says, to researchers, that somebody should look after whoever wrote it.
    """

    prompt: str = ""
    is_hidden: bool = False
    final: str = ""
    pictures: tuple[str, ...] = ()
    has_sound: bool = False
    is_concern: bool = False

    def to_json(self) -> str:
        """As text; what says nothing is not in it."""
        return json.dumps({name: value for name, value in asdict(self).items() if value}, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """A card for each audience; folded texts that everybody finds (`seen`), and those that researchers find, too."""

    student: Card = Card()
    researcher: Card = Card()
    seen: str = ""
    unseen: str = ""


def card_of_json(text: str) -> Card:
    """The card that was written so."""
    said = json.loads(text)
    return Card(**{**said, "pictures": tuple(said.get("pictures", ()))})


def entry_of(record: ExecutionRecord) -> IndexEntry:
    """What the index keeps of a record."""
    student, researcher = (view_of(record, audience) for audience in (Audience.STUDENT, Audience.RESEARCHER))
    searched = [item for item in record.items if _is_searched(item)]
    return IndexEntry(
        student=_card(record, student),
        researcher=_card(record, researcher),
        seen=_texts(item for item in searched if student.shows(item)),
        unseen=_texts(item for item in searched if not student.shows(item)),
    )


def _is_searched(item: ExecutionItem) -> bool:
    is_made = item.stage == 4 and item.media_type in (MediaType.TEXT, MediaType.CODE)
    return isinstance(item.content, str) and (item.item_type in _SEARCHED or is_made)


def _texts(items: Iterable[ExecutionItem]) -> str:
    # A line each: what is looked for is on one line, and never half in one text and half in the next.
    return "\n".join(dict.fromkeys(folded(str(item.content)) for item in items))


def _card(record: ExecutionRecord, view: View) -> Card:
    prompts = record.items_of(ItemType.USER_INPUT_TEXT)
    is_hidden = not all(map(view.shows, prompts))
    shown = [item for item in record.items if item.stage == 4 and not view.why(item)]
    media = (item.media for item in shown if item.media_type == MediaType.IMAGE)
    pictures = [medium.sha256 for medium in media if medium and medium.sha256 is not None]
    return Card(
        prompt=_short(prompts[0].content, "…") if prompts and not is_hidden else "",
        is_hidden=is_hidden,
        is_concern=view.audience == Audience.RESEARCHER and is_concern(record),
        final=_final(record, view),
        pictures=tuple(pictures[:MOST_PICTURES]),
        has_sound=any(item.media_type in _SOUNDS for item in shown),
    )


def _final(record: ExecutionRecord, view: View) -> str:
    finals = record.items_of(ItemType.INTERCEPTION_FINAL)
    return _short(finals[0].content) if finals and view.shows(finals[0]) else ""


def _short(content: Any, more: str = "") -> str:
    line = visible_line(content)
    return f"{line[:LONGEST_PROMPT]}{more}" if len(line) > LONGEST_PROMPT else line
