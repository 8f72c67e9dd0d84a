"""Erase runs from the book of rooms, and forget the nickname of a person whose runs are erased."""

from __future__ import annotations

from pathlib import Path

from devserver.web.rooms.book import RoomBook
from devserver.web.rooms.room import Pupil, Room
from devserver.web.rooms.room_file import FILE, FOLDER, aside_of
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId, Step
from otel_tracking.record import ExecutionRecord


class ErasableRooms:
    """What the book of rooms says of runs: that they are shared or hidden. A place of an erasure."""

    name = "rooms"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir, self._file = data_dir, data_dir / FOLDER / FILE

    def find(self, _: IsMeant) -> list[RunId]:
        """Nothing: the book says nothing of a run but its id."""
        return []

    def erase(self, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        """Take the ids of the runs out of every room."""
        if not self.left(runs):
            return []
        before, ids = self._file.stat().st_size, _ids(runs)
        step(f"rewrite {FILE}")
        RoomBook(self._data_dir).change_all(lambda room: room.without_runs(ids))
        return [Removed(self.name, str(self._file), before - self._file.stat().st_size)]

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The file, where it has an id of one of the runs."""
        rooms = RoomBook(self._data_dir).rooms() if self._file.exists() else []
        return [str(self._file)] if any((room.shared | room.hidden) & _ids(runs) for room in rooms) else []


def forget_pupils(data_dir: Path, is_meant: IsMeant) -> None:
    """Forget everybody whose runs are meant: their nickname goes, and their cookie opens nothing any more.

    A damaged file that was set aside goes whole.
    """
    # Nobody can say whose nicknames are in what cannot be read.
    aside_of(data_dir / FOLDER / FILE).unlink(missing_ok=True)
    if not (data_dir / FOLDER / FILE).exists():
        return
    book = RoomBook(data_dir)
    if any(_are_meant(room, pupil, is_meant) for room in book.rooms() for pupil in room.pupils):
        book.change_all(lambda room: _without_them(room, is_meant))


def _without_them(room: Room, is_meant: IsMeant) -> Room:
    for pupil in room.pupils:
        if _are_meant(room, pupil, is_meant):
            room = room.without(pupil.pupil_id)
    return room


def _are_meant(room: Room, pupil: Pupil, is_meant: IsMeant) -> bool:
    """Whether a run of that pupil would be: they are asked of as one that has nothing but who made it."""
    record = ExecutionRecord(
        execution_id=pupil.pupil_id,
        config_name="",
        timestamp=room.moment,
        user_id=pupil.pupil_id,
        session_id=room.room_id,
        study_id=room.study_id or None,
    )
    return is_meant(record)


def _ids(runs: frozenset[RunId]) -> frozenset[str]:
    return frozenset(run.execution_id for run in runs)
