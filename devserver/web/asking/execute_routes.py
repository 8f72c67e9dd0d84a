"""`POST /api/schema/pipeline/execute`: run a pipeline and answer as era A did, or at once where nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from devserver.errors import RequestError, UnknownConfig
from devserver.web.asking.body import NotAllowed, read_body, request_of
from devserver.web.asking.era_a_answers import accepted, answer_of
from devserver.web.asking.full import RunnerFull
from devserver.web.asking.job import Job
from devserver.web.asking.too_many import too_many
from devserver.web.replies import json_reply, trouble, whole_text
from devserver.web.runs.lookup import Runs
from devserver.web.runs.sending import send_off
from devserver.web.visitors import guard
from devserver.web.visitors.pupils import Pupils, asker
from devserver.web.visitors.roles import ALL
from devserver.web.web_settings import WebSettings

BEGIN_SECONDS = 2.0
"""How long the answer to somebody who does not wait may be held back for the run's execution id."""

SPARE_SEATS = 4
"""For those who are being answered while others have come already."""


def execute_routes(runs: Runs, settings: WebSettings, pupils: Pupils) -> Blueprint:
    """The route, as a blueprint."""
    routes = Blueprint("execute", __name__)
    # Each that waits holds a thread; where rooms are paused, more runs may wait than there are threads for.
    seats = threading.BoundedSemaphore(settings.most_waiting + settings.slots + SPARE_SEATS)

    @routes.post("/api/schema/pipeline/execute", roles=ALL)
    def execute() -> Response:
        try:
            source = read_body(request.get_data())
        except RequestError as error:
            return trouble(400, str(error))
        try:
            wanted, config = request_of(source, guard.role(), settings.safety_level, runs.configs)
            runs.runner.check(wanted)
            job = send_off(wanted, runs)
        except (UnknownConfig, RequestError) as error:
            status = 404 if isinstance(error, UnknownConfig) else 403 if isinstance(error, NotAllowed) else 400
            return trouble(status, str(error), **_named(source))
        except RunnerFull as error:
            return too_many(error, **_named(source))
        if not (_waits(source) and seats.acquire(blocking=False)):
            return _accept(runs, job, _secret(job, pupils))
        job.done.wait()
        seats.release()
        record = runs.so_far(job).record()
        status, body = answer_of(job, config, record, for_students=not asker().is_researcher)
        return json_reply({**body, **_secret(job, pupils)}, status)

    return routes


def _secret(job: Job, pupils: Pupils) -> dict[str, str]:
    """What a program sends along that comes back to its run; who may do everything needs none."""
    return {} if asker().is_admin else {"ticket_secret": pupils.secret_of(job.ticket)}


def _accept(runs: Runs, job: Job, secret: Mapping[str, str]) -> Response:
    position = runs.runner.position(job)
    if not position:
        job.started.wait(BEGIN_SECONDS)
    body = accepted(job, position)
    return json_reply({**body, **secret}, 202, Location=body["run_url"])


def _waits(source: Mapping[str, Any]) -> bool:
    return request.args.get("wait") not in ("0", "false", "no") and source.get("async") is not True


def _named(source: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that was asked for, as far as it was: never null where a client reads a name."""
    schema = source.get("schema")
    name = whole_text(schema[:200]) if isinstance(schema, str) else ""
    return {"schema": name, "config_name": name}
