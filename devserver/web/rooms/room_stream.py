"""The board of a room as Server-Sent Events: each card whole when it has changed, and what became of the room."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from devserver.web.live.telling import heartbeat, message
from devserver.web.rooms.book import RoomBook, UnknownRoom
from devserver.web.rooms.cards import RoomCard
from devserver.web.rooms.room import Room
from devserver.web.rooms.watching import RoomWatch
from devserver.web.words import words_of

LOOK_SECONDS = 0.25
"""How often a board looks what has happened in the runs of its room; what a teacher does it hears of at once."""
RETRY_MILLISECONDS = 2000


@dataclass(frozen=True, slots=True)
class RoomStream:
    """What one board gets."""

    watch: RoomWatch
    book: RoomBook
    language: str
    heartbeat_seconds: float

    def messages(self) -> Iterator[bytes]:
        """The messages, until whoever watches leaves."""
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        told: dict[str, RoomCard] = {}
        head: dict[str, Any] = {}
        version, said_at = self.book.version, time.monotonic()
        while True:
            try:
                cards, now = {card.key: card for card in self.watch.cards()}, room_told(self.watch, self.language)
            except UnknownRoom:
                return
            changes = list(_changes(told, cards))
            if now != head:
                changes.append(message("room", now))
            yield from changes
            told, head = cards, now
            if changes:
                said_at = time.monotonic()
            elif time.monotonic() - said_at >= self.heartbeat_seconds:
                said_at = time.monotonic()
                yield heartbeat()
            version = self.book.wait_for_change(version, min(LOOK_SECONDS, self.heartbeat_seconds))


def room_told(watch: RoomWatch, language: str) -> dict[str, Any]:
    """What is said of the room as a whole."""
    room, words = watch.room, words_of(language)
    running, waiting = watch.counts()
    return {
        "state": state_of(room),
        "state_word": words[f"room state {state_of(room)}"],
        "counts": words["room counts"].format(running=running, waiting=waiting),
        "pupils": [{"pupil": one.pupil_id, "nickname": one.nickname} for one in room.pupils],
    }


def state_of(room: Room) -> str:
    """`open`, `paused` or `closed`."""
    return "closed" if not room.is_open else "paused" if room.is_paused else "open"


def _changes(told: dict[str, RoomCard], cards: dict[str, RoomCard]) -> Iterator[bytes]:
    for key in told.keys() - cards.keys():
        yield message("gone", {"key": key})
    for key, card in cards.items():
        if told.get(key) != card:
            yield message("card", card.to_dict())
