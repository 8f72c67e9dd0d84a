"""What every request passes before and after: whom it is for, who asks, from which page, and what browsers may do."""

from __future__ import annotations

from flask import Flask, Response, abort, current_app, g, request
from werkzeug.wrappers import Response as AnyResponse

from collectors.listening import is_from_elsewhere
from devserver.audit import Act, Actor, Audit
from devserver.web.replies import is_api
from devserver.web.showing import refused
from devserver.web.visitors import logins
from devserver.web.visitors.access import MOST_BODY_OF_STRANGERS, Access, Caller
from devserver.web.visitors.roles import HOLDERS, SEEING_ALL, Role, RoutedFor, sentence_for
from otel_tracking.audience import Audience

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
        return _wrong_place(access) or _from_elsewhere() or _who_is_it(access) or _is_it_for_them()

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if g.get("caller") and "Set-Cookie" not in response.headers:
            logins.renew(access, response)
        return response


def role() -> Role:
    """As whom somebody asks."""
    return caller().role


def caller() -> Caller:
    """Who asks."""
    found: Caller = g.caller
    return found


def audience() -> Audience:
    """For whom the answer is: one of those that may be asked for, and the students' where nothing is said."""
    wanted = request.args.get("audience", "")
    return next((one for one in audiences_of(role()) if one == wanted), Audience.STUDENT)


def audiences_of(asking: Role) -> tuple[Audience, ...]:
    """For whom somebody may ask that an answer be."""
    of_teachers = (Audience.TEACHER,) if asking in HOLDERS else ()
    of_researchers = (Audience.RESEARCHER,) if asking in SEEING_ALL else ()
    return (Audience.STUDENT, *of_teachers, *of_researchers)


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
    g.caller = access.caller(authorization, request.cookies)
    if g.caller is None:
        request.max_content_length = MOST_BODY_OF_STRANGERS
        if _is_open():
            return None
    if "token" in request.args and request.method == "GET" and not is_api() and not access.is_open:
        return logins.by_link(access)
    if g.caller:
        return None
    return logins.refuse_bearer(access, authorization) if authorization else logins.ask_for_token(401)


def _is_open() -> bool:
    return isinstance(request.url_rule, RoutedFor) and None in request.url_rule.roles


def _is_it_for_them() -> AnyResponse | None:
    """Refuse who comes in a role that the route is not for, before anything is looked for."""
    rule = request.url_rule
    if g.caller and isinstance(rule, RoutedFor) and role() not in rule.roles:
        abort(403, f"{sentence_for(rule.roles)}, and not for {role().value}")
    return None
