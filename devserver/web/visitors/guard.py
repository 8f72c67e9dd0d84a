"""What every request passes before and after: whom it is for, who asks, from which page, and what browsers may do."""

from __future__ import annotations

from flask import Flask, Response, abort, current_app, g, request
from werkzeug.wrappers import Response as AnyResponse

from collectors.listening import is_from_elsewhere
from devserver.audit import Act, Actor, Audit
from devserver.web.replies import is_api
from devserver.web.showing import refused
from devserver.web.visitors import logins
from devserver.web.visitors.access import COOKIE, MOST_BODY_OF_STRANGERS, Access, Caller
from devserver.web.visitors.roles import Role

_OPEN_TO_ALL = frozenset({"static", "logins.log_in", "pages.change_language", "health.healthz"})

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
FILE_POLICY = "default-src 'none'; sandbox; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""For what somebody made: nothing in it runs, wherever it is opened."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "private, no-cache",
}


def install(app: Flask, access: Access) -> None:
    """Let every request of `app` through the guard."""

    @app.before_request
    def check() -> AnyResponse | None:
        g.caller = None
        return _wrong_place(access) or _from_elsewhere() or _who_is_it(access)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if g.get("caller") and g.caller.session and "Set-Cookie" not in response.headers:
            logins.renew(access, response)
        return response


def role() -> Role:
    """As whom somebody asks."""
    return caller().role


def for_researchers(act: str) -> None:
    """Refuse whoever has not the full token what only those may do who have it."""
    if role() is not Role.RESEARCHER:
        abort(403, f"only who has the full token may {act}")


def caller() -> Caller:
    """Who asks."""
    found: Caller = g.caller
    return found


def audience() -> Role:
    """For whom the answer is: researchers may ask for either, and get the students' where they say nothing."""
    wanted = request.args.get("audience", "")
    return Role.RESEARCHER if role() is Role.RESEARCHER and wanted == Role.RESEARCHER else Role.STUDENT


def note(act: Act, execution_id: str | None = None, **more: str | int) -> None:
    """Keep in the audit log what the one who asks does."""
    audit: Audit = current_app.extensions["audit"]
    session = caller().session
    doer = Actor(role().value, session.name if session else None, request.remote_addr)
    audit.note(act, doer, execution_id=execution_id, **more)


def _wrong_place(access: Access) -> Response | None:
    if access.knows_host(request.headers.get("Host", "")):
        return None
    return refused(421, "this server is not known by that name; DEVSERVER_HOSTNAMES says which names it has")


def _from_elsewhere() -> Response | None:
    """Refuse what another site's page sends."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if not is_from_elsewhere(request.method, site, origin, request.host):
        return None
    return refused(403, "the request comes from a page of another site; only this server's own pages may send it")


def _who_is_it(access: Access) -> AnyResponse | None:
    authorization = request.headers.get("Authorization", "")
    g.caller = access.caller(authorization, request.cookies.get(COOKIE, ""))
    if g.caller is None:
        request.max_content_length = MOST_BODY_OF_STRANGERS
        if request.endpoint in _OPEN_TO_ALL:
            return None
    if "token" in request.args and request.method == "GET" and not is_api() and not access.is_open:
        return logins.by_link(access)
    if g.caller:
        return None
    return logins.refuse_bearer(access, authorization) if authorization else logins.ask_for_token(401)
