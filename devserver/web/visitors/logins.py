"""Let people in with a token, once per browser; and say no to those who have none, or too many wrong ones."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, current_app, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from devserver.audit import Act, Actor, Audit
from devserver.web.replies import is_api, set_cookie, trouble
from devserver.web.rooms.badges import COOKIE as BADGE
from devserver.web.rooms.badges import COOKIE_SECONDS as BADGE_SECONDS
from devserver.web.showing import show
from devserver.web.visitors.access import COOKIE, Access
from devserver.web.visitors.sessions import SESSION_SECONDS

WAIT_SECONDS = 60


def by_link(access: Access) -> AnyResponse:
    """The answer to an address with a token: a cookie, and the address without it."""
    return _log_in(access, request.args["token"], _address_without_token())


def by_form(access: Access) -> AnyResponse:
    """The answer to the form."""
    return redirect("/", 303) if access.is_open else _log_in(access, request.form.get("token", ""), "/")


def renew(access: Access, response: Response) -> None:
    """Send fresh cookies to who has old ones that count."""
    if fresh := access.sessions.renewed(request.cookies.get(COOKIE, "")):
        set_cookie(response, COOKIE, fresh, SESSION_SECONDS)
    if fresh := access.badges.renewed(request.cookies.get(BADGE, "")):
        set_cookie(response, BADGE, fresh, BADGE_SECONDS)


def refuse_bearer(access: Access, authorization: str) -> Response:
    """The answer to a program with a wrong token."""
    if access.attempts.are_too_many(_address()):
        return _too_many()
    _note_wrong(access)
    return ask_for_token(401)


def ask_for_token(status: int, *, was_wrong: bool = False) -> Response:
    """The answer to who brings none."""
    if is_api():
        answer = trouble(status, "a token is needed: send Authorization: Bearer …, with the value of DEVSERVER_TOKEN")
    else:
        answer = make_response(show("login.html", was_wrong=was_wrong, is_too_often=False), status)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _log_in(access: Access, token: str, address: str) -> AnyResponse:
    if access.attempts.are_too_many(_address()):
        return _too_many()
    role = access.role_of_token(token)
    if role is None:
        _note_wrong(access)
        return ask_for_token(401, was_wrong=True)
    session, cookie = access.sessions.begin(token, _address())
    _audit().note(Act.LOGIN, Actor(role.value, session.name, _address()))
    response = redirect(address, 303)
    set_cookie(response, COOKIE, cookie, SESSION_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def _too_many() -> Response:
    if is_api():
        return trouble(429, "too many wrong tokens came from there; try again in a minute", retry_after=WAIT_SECONDS)
    answer = make_response(show("login.html", was_wrong=False, is_too_often=True), 429)
    answer.headers["Retry-After"] = str(WAIT_SECONDS)
    return answer


def _note_wrong(access: Access) -> None:
    access.attempts.note_wrong(_address())
    _audit().note(Act.LOGIN_REFUSED, Actor("nobody", address=_address()))


def _audit() -> Audit:
    audit: Audit = current_app.extensions["audit"]
    return audit


def _address() -> str:
    return request.remote_addr or ""


def _address_without_token() -> str:
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "token"]
    path = "/" + request.path.lstrip("/")
    return f"{path}?{urlencode(kept)}" if kept else path
