"""`/login`, `/logout` and `/sessions`: come in, go, and take back who should not be in any more."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, redirect
from werkzeug.wrappers import Response as AnyResponse

from devserver.audit import Act
from devserver.web.language import language_here, words_here
from devserver.web.replies import drop_cookie
from devserver.web.showing import show
from devserver.web.times import when_here
from devserver.web.visitors import guard, logins
from devserver.web.visitors.access import COOKIE, Access
from devserver.web.visitors.roles import ADMINS, ALL, OPEN
from devserver.web.visitors.sessions import Session


def login_routes(access: Access) -> Blueprint:
    """The routes, as a blueprint."""
    routes = Blueprint("logins", __name__)

    @routes.post("/login", roles=OPEN)
    def log_in() -> AnyResponse:
        return logins.by_form(access)

    @routes.post("/logout", roles=ALL)
    def log_out() -> AnyResponse:
        session = guard.caller().session
        if session:
            access.sessions.end(session.name)
            guard.note(Act.LOGOUT)
        response = redirect("/", 303)
        drop_cookie(response, COOKIE)
        return response

    @routes.get("/sessions", roles=ADMINS)
    def index() -> str:
        rows = [_row(session) for session in access.sessions.all()]
        return show("sessions.html", rows=rows, own=guard.caller().session)

    @routes.post("/sessions/<name>/end", roles=ADMINS)
    def end(name: str) -> AnyResponse:
        if access.sessions.end(name):
            guard.note(Act.SESSION_ENDED, ended=name)
        return redirect("/sessions", 303)

    return routes


def _row(session: Session) -> dict[str, str]:
    return {
        "name": session.name,
        "role": session.role.value,
        "address": session.address,
        "begun": _time(session.begun),
        "used": _time(session.used),
    }


def _time(seconds: float) -> str:
    return when_here(dt.datetime.fromtimestamp(seconds, dt.UTC), words_here(), language_here())
