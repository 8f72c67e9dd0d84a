"""`/join` and `/leave`: a pupil comes into a room with its code, and goes."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from devserver.audit import Act, Actor, Audit
from devserver.web.language import language_here, words_here
from devserver.web.refusals import refuse_with
from devserver.web.replies import drop_cookie, set_cookie, whole_text
from devserver.web.rooms.badges import COOKIE, COOKIE_SECONDS, Badges
from devserver.web.rooms.book import RoomBook, new_pupil_id
from devserver.web.rooms.codes import read_code
from devserver.web.rooms.nicknames import nickname_of, pseudonym, unlike
from devserver.web.rooms.room import Pupil, Room, RoomRule, check_level
from devserver.web.showing import show
from devserver.web.telling_people import in_words
from devserver.web.visitors.attempts import Attempts
from devserver.web.visitors.logins import WAIT_SECONDS
from devserver.web.visitors.roles import ALL, OPEN
from devserver.web.words import animals_in


def join_routes(book: RoomBook, badges: Badges, attempts: Attempts, level: str) -> Blueprint:
    """The routes, as a blueprint. `level` is the safety level of runs that say none."""
    routes = Blueprint("joining", __name__)
    answers = _Joining(book, badges, attempts, level)
    refuse_with(routes)
    routes.get("/join", roles=OPEN)(answers.ask)
    routes.post("/join", roles=OPEN)(answers.join)
    routes.post("/leave", roles=ALL)(answers.leave)
    return routes


@dataclass(frozen=True, slots=True)
class _Joining:
    """What each route answers."""

    book: RoomBook
    badges: Badges
    attempts: Attempts
    level: str

    def ask(self) -> AnyResponse:
        return _form(200, request.args.get("code", ""))

    def join(self) -> AnyResponse:
        if self.attempts.are_too_many(_address()):
            answer = _form(429, "", words_here()["join too often"])
            answer.headers["Retry-After"] = str(WAIT_SECONDS)
            return answer
        said = request.form.get("code", "")
        room = self.book.of_code(read_code(said))
        if room is None:
            self.attempts.note_wrong(_address())
            _audit().note(Act.LOGIN_REFUSED, Actor("nobody", address=_address()))
            return _form(403, said, words_here()["join wrong"])
        try:
            check_level(self.level)
            pupil_id = self._come_in(room, nickname_of(request.form.get("nickname", "")))
        except RoomRule as rule:
            return _form(409, said, in_words(rule))
        response = redirect("/", 303)
        set_cookie(response, COOKIE, self.badges.cookie_of(room.room_id, pupil_id), COOKIE_SECONDS)
        response.headers["Cache-Control"] = "no-store"
        return response

    def leave(self) -> AnyResponse:
        response = redirect("/join", 303)
        drop_cookie(response, COOKIE)
        return response

    def _come_in(self, room: Room, nickname: str) -> str:
        """The id of somebody who is in the room now: the one that they have, where they were in it."""
        badge = self.badges.read(request.cookies.get(COOKIE, ""))
        is_back = badge is not None and badge.room.room_id == room.room_id
        pupil_id = badge.pupil.pupil_id if badge and is_back else new_pupil_id()
        animals = animals_in(language_here())

        def named(now: Room) -> Room:
            taken = now.without(pupil_id).nicknames
            usual = now.nickname_of(pupil_id) or pseudonym(animals, taken)
            return now.joined(Pupil(pupil_id, unlike(nickname, taken) if nickname else usual))

        self.book.change(room.room_id, named)
        return pupil_id


def _form(status: int, code: str, sentence: str = "") -> AnyResponse:
    return make_response(show("join.html", code=whole_text(code[:20]), sentence=sentence), status)


def _audit() -> Audit:
    audit: Audit = current_app.extensions["audit"]
    return audit


def _address() -> str:
    return request.remote_addr or ""
