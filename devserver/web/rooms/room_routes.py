"""`/rooms`: a teacher opens rooms, watches their boards, and says what is to be seen and when it goes on."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import segno
from flask import Blueprint, Response, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from collectors.listening import is_loopback
from devserver.audit import Act
from devserver.errors import RequestError
from devserver.web.asking.body import LONGEST_NAME
from devserver.web.asking.job import Job
from devserver.web.language import language_here
from devserver.web.live.streams import Seats
from devserver.web.refusals import refusal, refuse_with
from devserver.web.replies import trouble
from devserver.web.rooms.book import UnknownRoom
from devserver.web.rooms.codes import spoken
from devserver.web.rooms.nicknames import nickname_of
from devserver.web.rooms.room import Room, check_level
from devserver.web.rooms.room_stream import RoomStream, room_told, state_of
from devserver.web.rooms.watching import RoomWatch
from devserver.web.runs.lookup import Runs
from devserver.web.showing import show
from devserver.web.visitors import guard
from devserver.web.visitors.pupils import asker
from devserver.web.visitors.roles import HOLDERS
from exporters.errors import UnknownExecution

LONGEST_TITLE = 60


def room_routes(runs: Runs, seats: Seats, heartbeat_seconds: float, level: str) -> Blueprint:
    """The routes, as a blueprint. `level` is the safety level of runs that say none."""
    routes = Blueprint("rooms", __name__)
    answers = _Rooms(runs, seats, heartbeat_seconds, level)
    refuse_with(routes)
    routes.register_error_handler(UnknownRoom, lambda error: refusal(404, error))
    routes.get("/rooms", roles=HOLDERS)(answers.index)
    routes.post("/rooms", roles=HOLDERS)(answers.open)
    routes.get("/rooms/<room>", roles=HOLDERS)(answers.board)
    routes.post("/rooms/<room>", roles=HOLDERS)(answers.change)
    routes.get("/rooms/<room>/code.svg", roles=HOLDERS)(answers.code)
    routes.post("/rooms/<room>/pupils/<pupil>", roles=HOLDERS)(answers.send_away)
    routes.post("/rooms/<room>/runs/<run>", roles=HOLDERS)(answers.change_run)
    routes.get("/api/rooms/<room>/live", roles=HOLDERS)(answers.live)
    return routes


@dataclass(frozen=True, slots=True)
class _Rooms:
    """What each route answers."""

    runs: Runs
    seats: Seats
    heartbeat_seconds: float
    level: str

    def index(self) -> str:
        rows = [(room, state_of(room), spoken(room.code), room.moment) for room in self.runs.rooms.rooms()]
        return show("rooms.html", rows=rows)

    def open(self) -> AnyResponse:
        check_level(self.level)
        study = request.form.get("study", "").strip()[:LONGEST_NAME]
        title = nickname_of(request.form.get("title", ""), LONGEST_TITLE)
        opened = self.runs.rooms.open(title, study)
        guard.note(Act.ROOM, room=opened.room_id, did="open")
        return redirect(f"/rooms/{opened.room_id}", 303)

    def board(self, room: str) -> AnyResponse:
        watch = RoomWatch(self.runs, room, language_here())
        cards = [card.to_dict() for card in watch.cards()]
        told, address = room_told(watch, language_here()), f"{request.host_url}join"
        values = {"room": watch.room, "told": told, "cards": cards, "older": watch.older, "address": address}
        # In a study with pseudonyms that is what the room is called in lists.
        values["session"] = next(iter(watch.room.sessions - {room}), room)
        is_far = not is_loopback(urlsplit(address).hostname or "")
        return make_response(show("room.html", **values, code=spoken(watch.room.code), is_reachable=is_far))

    def change(self, room: str) -> AnyResponse:
        did = _one_of(_OF_ROOMS, request.form.get("do", ""))
        changed = self.runs.rooms.change(room, _OF_ROOMS[did])
        if did in ("clear", "close"):
            self.runs.runner.clear(room)
        self.runs.runner.look()
        guard.note(Act.ROOM, room=changed.room_id, did=did)
        return redirect(f"/rooms/{room}", 303)

    def code(self, room: str) -> Response:
        found = self.runs.rooms.find(room)
        if not found.is_open:
            return trouble(404, "the room is closed, and has no code any more")
        drawn = io.BytesIO()
        code = segno.make_qr(f"{request.host_url}join?code={found.code}", error="m")
        code.save(drawn, kind="svg", scale=8, border=2, dark="#000", light="#fff")
        response = Response(drawn.getvalue(), mimetype="image/svg+xml")
        response.headers["Content-Security-Policy"] = guard.FILE_POLICY
        return response

    def send_away(self, room: str, pupil: str) -> AnyResponse:
        self.runs.rooms.change(room, lambda now: now.without(pupil))
        for job in self.runs.runner.jobs():
            if job.owner == pupil and not job.started.is_set():
                self.runs.runner.stop(job)
        guard.note(Act.ROOM, room=room, did="send_away")
        return redirect(f"/rooms/{room}", 303)

    def change_run(self, room: str, run: str) -> AnyResponse:
        did = _one_of((*_OF_RUNS, "cancel"), request.form.get("do", ""))
        found = self._run_of(room, run)
        name = (found.execution_id or found.ticket) if isinstance(found, Job) else found
        if did != "cancel":
            self._say_of(room, found, _OF_RUNS[did])
        elif isinstance(found, Job):
            self.runs.runner.stop(found)
        guard.note(Act.CANCEL if did == "cancel" else Act.ROOM, name, room=room, did=did)
        return redirect(f"/rooms/{room}", 303)

    def live(self, room: str) -> Response:
        self.runs.rooms.find(room)
        leave = self.seats.take()
        if leave is None:
            return trouble(503, "too many watchers follow runs already; try again in a moment", retry_after=5)
        watch = RoomWatch(self.runs, room, language_here())
        stream = RoomStream(watch, self.runs.rooms, language_here(), self.heartbeat_seconds)
        response = Response(stream.messages(), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(leave)
        return response

    def _run_of(self, room: str, run: str) -> Job | str:
        """The run of that name in that room, also one that is hidden."""
        held = self.runs.rooms.find(room)
        # Who holds the room may show again what they have hidden, and so see nothing of.
        if run in held.hidden:
            job = self.runs.runner.find(run)
            return job if job and not job.done.is_set() else run
        found = self.runs.find(run, asker())
        its = self.runs.seeing.room_of(found)
        if its is None or its.room_id != room:
            raise UnknownExecution(f"no run of the room is called {run!r:.80}")
        return found

    def _say_of(self, room: str, found: Job | str, rule: Callable[[Room, str], Room]) -> None:
        execution_id = found.execution_id if isinstance(found, Job) else found
        if execution_id is None:
            raise RequestError("the run waits still; when it has begun it would work", "room act")
        self.runs.rooms.change(room, lambda now: rule(now, execution_id))


_OF_ROOMS: Mapping[str, Callable[[Room], Room]] = {
    "pause": lambda room: room.paused(True),
    "resume": lambda room: room.paused(False),
    "clear": lambda room: room,
    "close": lambda room: room.closed(),
    "forget": lambda room: room.nameless(),
}
_OF_RUNS: Mapping[str, Callable[[Room, str], Room]] = {
    "share": lambda room, run: room.with_shared(run, True),
    "unshare": lambda room, run: room.with_shared(run, False),
    "hide": lambda room, run: room.with_hidden(run, True),
    "show": lambda room, run: room.with_hidden(run, False),
}


def _one_of(known: Any, said: str) -> str:
    if said not in known:
        raise RequestError(f"do is {said!r:.40}; {', '.join(known)} would work", "room act")
    return said
