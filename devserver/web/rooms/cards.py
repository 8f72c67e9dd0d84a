"""A run as a card on the board of a room: how far it is, in the students' view, with who sent it and what stopped it.

The board hangs where a class sees it. What a check said no to is on no card; the teacher's view of the run has it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from devserver.web.live.board import Board, LiveBox, board_of
from devserver.web.rooms.room import Room
from devserver.web.rooms.stopped import what_was_stopped
from devserver.web.runs.run_page import tone_of
from devserver.web.words import title_of, words_of
from exporters.story.concerns import is_concern
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord

LONGEST = 220
"""Characters of a text on a card."""

_PROMPT, _FINAL = "s1-user_input_text", "s2-interception_final"


class CardHead(NamedTuple):
    """Which run a card is of: `key` stays when a run begins and ends, `name` is what it is asked for by."""

    key: str
    name: str
    execution_id: str
    nickname: str
    moment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCard:
    """A card; every text is ready to be shown, none is markup. `order` sorts cards, the latest last."""

    key: str
    name: str
    order: str
    nickname: str
    title: str
    status: str
    status_word: str
    tone: str
    place: str = ""
    prompt: str = ""
    steps: tuple[tuple[str, str], ...] = ()
    final: str = ""
    pictures: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    done: int = 0
    of: int = 0
    is_over: bool = False
    is_concern: bool = False
    is_shared: bool = False
    is_hidden: bool = False
    can_share: bool = False

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        lists = {name: list(getattr(self, name)) for name in ("pictures", "stopped")}
        return {**asdict(self), **lists, "steps": [list(step) for step in self.steps]}


def card_of(record: ExecutionRecord, head: CardHead, room: Room, language: str) -> RoomCard:
    """The card of a run that is under way or over."""
    if head.execution_id in room.hidden:
        return hidden_card(record, head, language)
    board, words = board_of(record, language=language, audience=Audience.STUDENT), words_of(language)
    boxes = {box.key: box for box in board.boxes}
    done, of = board.head.progress
    return RoomCard(
        **_of_head(head),
        title=title_of(board.head.config_name, language),
        status=board.head.status,
        status_word=board.head.status_word,
        tone=tone_of(board.head.status),
        prompt=_text(boxes.get(_PROMPT)),
        steps=_steps(board),
        final=_text(boxes.get(_FINAL)),
        pictures=_pictures(board),
        stopped=what_was_stopped(record, words),
        done=done,
        of=of,
        is_over=board.head.is_over,
        is_concern=is_concern(record),
        is_shared=room.shows(head.execution_id),
        can_share=True,
    )


def waiting_card(head: CardHead, config_name: str, position: int, language: str) -> RoomCard:
    """The card of a run that waits: what it will say is not shown, since nothing has looked at it yet."""
    words = words_of(language)
    return RoomCard(
        **_of_head(head),
        title=title_of(config_name, language),
        status="waiting",
        status_word=words["status waiting"],
        tone=tone_of("waiting"),
        place=words["room place"].format(position=position) if position else "",
    )


def hidden_card(record: ExecutionRecord, head: CardHead, language: str) -> RoomCard:
    """The card of a run that was hidden: that it is there, so that it can be shown again."""
    return RoomCard(
        **_of_head(head),
        title=title_of(str(record.config_name or ""), language),
        status="hidden",
        status_word=words_of(language)["room is hidden"],
        tone="plain",
        is_over=record.has_ended,
        is_hidden=True,
    )


def _of_head(head: CardHead) -> dict[str, Any]:
    return {"key": head.key, "name": head.name, "nickname": head.nickname, "order": f"{head.moment} {head.key}"}


def _steps(board: Board) -> tuple[tuple[str, str], ...]:
    hops = [box for box in board.boxes if box.chapter == "s2" and box.key != _FINAL and box.text]
    return tuple((box.way[-1] if box.way else box.label, _text(box)) for box in hops)


def _pictures(board: Board) -> tuple[str, ...]:
    media = [box.medium for box in board.boxes if box.medium and box.chapter.startswith("o")]
    return tuple(medium["thumbnail"] for medium in media if medium["thumbnail"])


def _text(box: LiveBox | None) -> str:
    text = box.text if box else ""
    return f"{text[:LONGEST]}…" if len(text) > LONGEST else text
