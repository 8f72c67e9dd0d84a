"""Put the web application together: routes, pages, guard."""

from __future__ import annotations

import logging
import os
import secrets

from flask import Response, request
from werkzeug.exceptions import HTTPException

from devserver.audit import Audit
from devserver.web.asking.execute_routes import execute_routes
from devserver.web.asking.runner import Runner
from devserver.web.asking.tickets import FOLDER as SERVING
from devserver.web.asking.tickets import Tickets
from devserver.web.erasing.erase_routes import erase_routes
from devserver.web.erasing.erasures import Erasures
from devserver.web.files.bundles import Bundles
from devserver.web.files.media_routes import media_routes
from devserver.web.files.workshop import Workshop
from devserver.web.health_routes import health_routes
from devserver.web.live.streams import HEARTBEAT_SECONDS, Seats
from devserver.web.only_one import claim
from devserver.web.openapi.document import openapi_route
from devserver.web.pages import pages
from devserver.web.replies import trouble
from devserver.web.rooms.badges import Badges
from devserver.web.rooms.book import RoomBook
from devserver.web.rooms.join_routes import join_routes
from devserver.web.rooms.room_routes import room_routes
from devserver.web.runs.chosen_routes import chosen_routes
from devserver.web.runs.compare_routes import compare_routes
from devserver.web.runs.lookup import Runs
from devserver.web.runs.run_routes import run_routes
from devserver.web.showing import refused
from devserver.web.visitors import guard
from devserver.web.visitors.access import MOST_BODY, Access
from devserver.web.visitors.attempts import Attempts
from devserver.web.visitors.login_routes import login_routes
from devserver.web.visitors.pupils import Pupils
from devserver.web.visitors.roles import RoledFlask
from devserver.web.visitors.server_key import key_in
from devserver.web.visitors.sessions import FOLDER, Sessions
from devserver.web.web_settings import WebSettings
from devserver.wiring import Devserver
from otel_tracking.extras import MissingExtra

_log = logging.getLogger(__name__)


def create_app(
    devserver: Devserver,
    settings: WebSettings | None = None,
    *,
    runner: Runner | None = None,
    workshop: Workshop | None = None,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> RoledFlask:
    """The application that serves `devserver`. Its runs are those of `runner`, which is `app.extensions["runner"]`.

    Runs that are under way are known to this process alone: an application that is started in several processes shows
    each watcher only the runs of the process that answers. A server with threads in one process is what it is for.
    """
    settings = settings or WebSettings()
    settings.check()
    app = RoledFlask(__name__)
    own = devserver.settings.data_dir / SERVING
    # What another process keeps there is the other's.
    is_ours = claim(devserver.settings.data_dir, app)
    tickets, bundles = Tickets(own if is_ours else None), Bundles(devserver.settings.data_dir)
    if is_ours:
        bundles.tidy()
    book = RoomBook(devserver.settings.data_dir)
    runner = runner or Runner(
        devserver.pipeline,
        slots=settings.slots,
        most_waiting=settings.most_waiting,
        runs_each=settings.runs_per_pupil,
        waiting_each=settings.waiting_per_pupil,
        tickets=tickets,
        is_paused=book.is_paused,
    )
    runs = Runs(devserver, runner, book)
    key = key_in(devserver.settings.data_dir / FOLDER) if settings.token else secrets.token_bytes(32)
    pupils = Pupils(key)
    app.config.update(MAX_CONTENT_LENGTH=MOST_BODY, MAX_FORM_MEMORY_SIZE=2**21, MAX_FORM_PARTS=100)
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    erasures = Erasures(devserver.settings)
    app.extensions["runner"], app.extensions["erasures"], app.extensions["bundles"] = runner, erasures, bundles
    app.extensions["rooms"] = book
    sessions = Sessions(devserver.settings.data_dir, settings.tokens())
    badges = Badges(key, book)
    access = Access(settings, sessions, badges, Attempts(settings.most_wrong_tokens))
    app.extensions["access"], app.extensions["audit"] = access, Audit(devserver.settings.data_dir)
    guard.install(app, access)
    pupils.install(app)
    _stay_in_this_process(app)
    runner.resume()
    app.register_blueprint(execute_routes(runs, settings, pupils))
    workshop = workshop or Workshop(devserver.settings.data_dir)
    seats = Seats(settings.most_streams)
    app.register_blueprint(run_routes(runs, seats, heartbeat_seconds, workshop))
    app.register_blueprint(room_routes(runs, seats, heartbeat_seconds, settings.safety_level))
    app.register_blueprint(join_routes(book, badges, access.attempts, settings.safety_level))
    app.register_blueprint(media_routes(runs))
    app.register_blueprint(pages(devserver, runs, settings))
    app.register_blueprint(erase_routes(runs, erasures))
    app.register_blueprint(chosen_routes(runs, bundles))
    app.register_blueprint(compare_routes(runs))
    app.register_blueprint(health_routes(devserver, runs))
    app.register_blueprint(login_routes(access))
    app.register_blueprint(openapi_route(devserver.configs, settings))
    app.register_error_handler(HTTPException, _http_trouble)
    app.register_error_handler(MissingExtra, _not_installed)
    app.register_error_handler(Exception, _our_fault)
    return app


def _stay_in_this_process(app: RoledFlask) -> None:
    """Refuse to answer in a forked child: it has neither the threads nor the recording of its parent."""
    made_in = os.getpid()

    @app.before_request
    def check() -> Response | None:
        if os.getpid() == made_in:
            return None
        _log.error("the DevServer was forked after it was made; start one process with threads instead")
        return trouble(503, "this server was started in several processes; one process with threads would work")


def _http_trouble(error: HTTPException) -> Response:
    status = error.code or 500
    sentence = error.description or error.name
    if status == 413:
        sentence = f"more was sent than is taken; with a token that is {MOST_BODY // 2**20} MiB"
    if status == 404:
        sentence = f"there is nothing at {request.path[:200]}"
    return refused(status, sentence, **({"retry_after": 5} if status == 503 else {}))


def _not_installed(error: MissingExtra) -> Response:
    return refused(501, str(error), extra=error.extra)


def _our_fault(error: Exception) -> Response:
    # The message may hold what a child wrote: the log gets the place, nobody the text.
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"
    _log.error("%s while answering %s, at %s", type(error).__name__, request.endpoint, where)
    return refused(500, "something went wrong in the server; its log says where")
