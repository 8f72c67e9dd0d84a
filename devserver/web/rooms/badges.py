"""The cookie of a pupil in a room: signed, and worth nothing once the pupil was sent away."""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadData, TimestampSigner

from devserver.web.rooms.book import RoomBook, UnknownRoom
from devserver.web.rooms.room import Pupil, Room

COOKIE = "devserver_room"
COOKIE_SECONDS = 12 * 3600
"""How long it counts after it was last renewed."""
RENEW_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Badge:
    """Who somebody is, in which room, as long as they are."""

    room: Room
    pupil: Pupil


class Badges:
    """Gives badges, and knows its own."""

    def __init__(self, key: bytes, book: RoomBook) -> None:
        self._signer, self._book = TimestampSigner(key, salt="devserver room 1"), book

    def cookie_of(self, room_id: str, pupil_id: str) -> str:
        """The cookie of somebody who has joined."""
        return self._signer.sign(f"{room_id}-{pupil_id}").decode()

    def read(self, cookie: str, seconds: int = COOKIE_SECONDS) -> Badge | None:
        """The badge in a cookie of ours; None for any other, one that is too old, and for who was sent away."""
        try:
            room_id, _, pupil_id = self._signer.unsign(cookie, max_age=seconds).decode().partition("-")
            room = self._book.find(room_id)
        except (BadData, UnicodeError, UnknownRoom):
            return None
        pupil = room.pupil(pupil_id)
        return Badge(room, pupil) if pupil else None

    def renewed(self, cookie: str) -> str:
        """A fresh cookie for one that counts and is older than an hour; empty for others."""
        badge = self.read(cookie)
        is_fresh = badge is None or self.read(cookie, RENEW_SECONDS) is not None
        return "" if is_fresh or badge is None else self.cookie_of(badge.room.room_id, badge.pupil.pupil_id)
