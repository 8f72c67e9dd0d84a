"""Have a run made for whoever asks: as theirs, and in their room where they are in one."""

from __future__ import annotations

from dataclasses import replace

from devserver.requests import Request
from devserver.web.asking.body import NotAllowed
from devserver.web.asking.job import Job
from devserver.web.asking.too_many import turn_here
from devserver.web.rooms.room import Room
from devserver.web.runs.lookup import Runs
from devserver.web.visitors.pupils import Asker, asker


def send_off(wanted: Request, runs: Runs) -> Job:
    """The job of a request that was checked. Raises `RunnerFull`, `NotAllowed` where its room is closed,
    and `RequestError` where the study of the room is not one that may be here."""
    room = _room_for(wanted, runs, asker())
    asked = in_room(wanted, room, asker()) if room else wanted
    if room:
        runs.runner.check(asked)
        # First: nobody outside of the room shall take the run for one of nobody's.
        session = str(runs.runner.as_recorded(asked).session_id)
        if session not in room.sessions:
            runs.rooms.change(room.room_id, lambda now: now.recorded_as(session))
    return runs.runner.submit(asked, asker().pupil, room.room_id if room else "", turn=turn_here())


def in_room(wanted: Request, room: Room, asker: Asker) -> Request:
    """The request as one of a room: a pupil's is theirs by the name that the record has for them."""
    return replace(
        wanted,
        session_id=room.room_id,
        study_id=room.study_id or wanted.study_id,
        user_id=asker.pupil if asker.room else wanted.user_id,
    )


def _room_for(wanted: Request, runs: Runs, asker: Asker) -> Room | None:
    said = runs.rooms.of_session(wanted.session_id)
    if said and not (asker.room or asker.holds_rooms):
        raise NotAllowed(f"session_id is that of a room ({said.room_id}); its code lets pupils in", "room not yours")
    room = runs.rooms.find(asker.room) if asker.room else said
    if room and not room.is_open:
        raise NotAllowed("the room is closed, and nothing more is asked for in it", "room closed")
    return room
