"""The book of rooms of a data directory: found by id, code or session, and changed one after another.

Several processes may have it open: each change is made to what is in the file at that moment.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from collectors.listening import is_same
from devserver.errors import RequestError
from devserver.web.rooms.codes import new_code
from devserver.web.rooms.room import Room
from devserver.web.rooms.room_file import FILE, FOLDER, aside_of, read_rooms, stamp_of, write_rooms
from exporters.storage.files import locked

_log = logging.getLogger(__name__)

NAMES_KEPT_SECONDS = 30 * 24 * 3600
"""How long after its opening the nicknames of a room are known."""


class UnknownRoom(RequestError):
    """There is no such room."""

    def __init__(self, room_id: str) -> None:
        super().__init__(f"no room is called {room_id!r:.40}", "room unknown")


class RoomBook:
    """The rooms. May be shared by threads; `is_paused` and `hidden` answer from memory, whoever holds which lock."""

    def __init__(self, data_dir: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self._path = data_dir / FOLDER / FILE if data_dir else None
        self._clock, self._changed = clock, threading.Condition(threading.RLock())
        self._rooms: dict[str, Room] = {}
        self._by_session: dict[str, Room] = {}
        self._stamp: tuple[int, ...] = ()
        self.hidden: frozenset[str] = frozenset()
        self.version = 0
        self._forget_damaged()
        if self._without_old_names(self._look()) != self._rooms:
            self.change_all(lambda room: room)

    def rooms(self) -> list[Room]:
        """All rooms, the last opened first."""
        return sorted(self._look().values(), key=lambda room: -room.opened_at)

    def find(self, room_id: str) -> Room:
        """The room of that id. Raises `UnknownRoom`."""
        room = self._look().get(room_id)
        if room is None:
            raise UnknownRoom(room_id)
        return room

    def of_code(self, code: str) -> Room | None:
        """The open room that a code leads to."""
        # Every code is compared, in constant time: how long it takes tells nothing.
        found = [room for room in self._look().values() if room.is_open and is_same(code, room.code)]
        return found[0] if found else None

    def of_session(self, session_id: object) -> Room | None:
        """The room in which a run was made, by the session in its record."""
        self._look()
        return self._by_session.get(session_id) if isinstance(session_id, str) else None

    def sessions(self) -> frozenset[str]:
        """The names of all rooms in records."""
        self._look()
        return frozenset(self._by_session)

    def is_paused(self, room_id: str) -> bool:
        """Whether nothing of a room may begin now."""
        room = self._rooms.get(room_id)
        return room is not None and room.is_paused

    def open(self, title: str = "", study_id: str = "") -> Room:
        """A new room."""
        with self._changed:
            room_id = f"room_{secrets.token_hex(4)}"
            room = Room(
                room_id=room_id,
                title=title,
                code=self._free_code(),
                opened_at=self._clock(),
                study_id=study_id,
                sessions=frozenset({room_id}),
            )
            self._write(lambda rooms: {**rooms, room_id: room})
            return room

    def change(self, room_id: str, rule: Callable[[Room], Room]) -> Room:
        """The room as a rule makes it. Raises `UnknownRoom`, and what the rule raises."""

        def changed(rooms: dict[str, Room]) -> dict[str, Room]:
            if room_id not in rooms:
                raise UnknownRoom(room_id)
            return {**rooms, room_id: rule(rooms[room_id])}

        return self._write(changed)[room_id]

    def change_all(self, rule: Callable[[Room], Room]) -> None:
        """The same with every room."""
        self._write(lambda rooms: {name: rule(room) for name, room in rooms.items()})

    def wait_for_change(self, version: int, timeout: float) -> int:
        """The version as soon as it is another one, or when `timeout` seconds are over."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, timeout)
            return self.version

    def _free_code(self) -> str:
        taken = {room.code for room in self._rooms.values()}
        return next(code for code in iter(new_code, None) if code not in taken)

    def _write(self, change: Callable[[dict[str, Room]], dict[str, Room]]) -> dict[str, Room]:
        with self._changed:
            if self._path is None:
                return self._take(change(self._rooms))
            try:
                with locked(self._path.with_suffix(".lock")):
                    rooms = self._without_old_names(change(self._read()))
                    write_rooms(self._path, rooms.values())
                    self._stamp = stamp_of(self._path)
            except OSError as trouble:
                _log.warning("rooms cannot be kept (%s); they end with this process", trouble.strerror)
                rooms = change(self._rooms)
            return self._take(rooms)

    def _look(self) -> dict[str, Room]:
        """What is in the file now."""
        if self._path is not None and stamp_of(self._path) != self._stamp:
            with self._changed:
                self._stamp = stamp_of(self._path)
                self._take(self._read())
        return self._rooms

    def _read(self) -> dict[str, Room]:
        assert self._path is not None
        try:
            return read_rooms(self._path)
        except OSError as trouble:
            _log.error("the rooms in %s cannot be read: %s", self._path, type(trouble).__name__)
        except ValueError:
            aside = aside_of(self._path)
            self._path.replace(aside)
            _log.error("the rooms in %s cannot be read; the file is %s now", self._path, aside.name)
        return self._rooms

    def _take(self, rooms: dict[str, Room]) -> dict[str, Room]:
        self._rooms = rooms
        self._by_session = {session: room for room in rooms.values() for session in room.sessions}
        self.hidden = _all(room.hidden for room in rooms.values())
        self.version += 1
        self._changed.notify_all()
        return rooms

    def _forget_damaged(self) -> None:
        """Remove a file that was set aside when its nicknames would have been forgotten."""
        aside = aside_of(self._path) if self._path else None
        with contextlib.suppress(OSError):
            if aside and aside.stat().st_mtime < self._clock() - NAMES_KEPT_SECONDS:
                aside.unlink()

    def _without_old_names(self, rooms: dict[str, Room]) -> dict[str, Room]:
        since = self._clock() - NAMES_KEPT_SECONDS
        return {name: room.nameless() if room.opened_at < since else room for name, room in rooms.items()}


def is_room_id(session_id: object) -> bool:
    """Whether a session is called as rooms are.

    >>> is_room_id("room_0e3a0561"), is_room_id("room-3")
    (True, False)
    """
    return isinstance(session_id, str) and _ROOM_ID.fullmatch(session_id) is not None


_ROOM_ID = re.compile("room_[0-9a-f]{8}")


def new_pupil_id() -> str:
    """What a pupil is called in the record."""
    return f"pupil_{secrets.token_hex(6)}"


def _all(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)
