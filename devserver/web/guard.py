"""What every request passes before and after: whom it is for, who asks, from which page, and what browsers may do."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from devserver.web.access import Access, Role
from devserver.web.language import words_here
from devserver.web.replies import trouble
from devserver.web.showing import show

COOKIE = "devserver_login"
COOKIE_SECONDS = 12 * 3600
_OPEN_TO_ALL = frozenset({"static", "guard_login", "pages.change_language"})

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
        return _wrong_place(access) or _from_elsewhere() or _who_is_it(access)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.post("/login", endpoint="guard_login")
    def login() -> AnyResponse:
        return _log_in(access, request.form.get("token", ""), "/")


def role() -> Role:
    """Who asks."""
    found: Role = g.role
    return found


def audience() -> Role:
    """For whom the answer is: researchers may ask for either, and get the students' where they say nothing."""
    wanted = request.args.get("audience", "")
    return Role.RESEARCHER if role() is Role.RESEARCHER and wanted == Role.RESEARCHER else Role.STUDENT


def is_api() -> bool:
    """Whether a program asks."""
    return request.path.startswith("/api/")


def _wrong_place(access: Access) -> Response | None:
    if access.knows_host(request.headers.get("Host", "")):
        return None
    return _refuse(421, "this server is not known by that name; DEVSERVER_HOSTNAMES says which names it has")


def _from_elsewhere() -> Response | None:
    """Refuse what another site's page sends: browsers say where a request comes from, programs need not."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    # Older browsers, and newer ones without TLS, send no Sec-Fetch-Site; the scheme may be that of a proxy.
    is_ours = site in ("same-origin", "none") if site else origin is None or urlsplit(origin).netloc == request.host
    if is_ours:
        return None
    return _refuse(403, "the request comes from a page of another site; only this server's own pages may send it")


def _who_is_it(access: Access) -> AnyResponse | None:
    if access.is_open:
        g.role = Role.RESEARCHER
        return None
    g.role = _role_of_request(access)
    if g.role is None and request.endpoint in _OPEN_TO_ALL:
        return None
    if "token" in request.args and request.method == "GET" and not is_api():
        return _log_in(access, request.args["token"], _address_without_token())
    return None if g.role else _ask_for_token(401)


def _role_of_request(access: Access) -> Role | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return access.role_of_token(token.strip())
    return access.role_of_cookie(request.cookies.get(COOKIE, ""))


def _log_in(access: Access, token: str, address: str) -> AnyResponse:
    if access.is_open:
        return redirect("/", 303)
    if access.role_of_token(token) is None:
        return _ask_for_token(401, was_wrong=True)
    response = redirect(address, 303)
    response.set_cookie(
        COOKIE,
        access.cookie_for(token),
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _address_without_token() -> str:
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "token"]
    path = "/" + request.path.lstrip("/")
    return f"{path}?{urlencode(kept)}" if kept else path


def _ask_for_token(status: int, *, was_wrong: bool = False) -> Response:
    if is_api():
        answer = trouble(status, "a token is needed: send Authorization: Bearer …, with the value of DEVSERVER_TOKEN")
    else:
        answer = make_response(show("login.html", was_wrong=was_wrong), status)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _refuse(status: int, sentence: str) -> Response:
    if is_api():
        return trouble(status, sentence)
    g.role = None
    page = show("message.html", title=words_here()["trouble 403"], sentence=sentence)
    return make_response(page, status)
