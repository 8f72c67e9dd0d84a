"""`/healthz`, `/metrics` and `/api/health`: how the server does, for probes, for Prometheus, for programs."""

from __future__ import annotations

from flask import Blueprint, Response, request

from collectors.recording import Figures, exposed, is_well, of_recording
from devserver.web.replies import json_reply
from devserver.web.runs.lookup import Runs
from devserver.web.visitors.roles import ADMINS, ALL, OPEN
from devserver.wiring import Devserver


def health_routes(devserver: Devserver, runs: Runs) -> Blueprint:
    """The routes, as a blueprint."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz", roles=OPEN)
    def healthz() -> Response:
        """For whoever asks: whether all is well, and nothing else. A server that is ending has no more pages."""
        if runs.runner.is_ending:
            return Response("ending\n", 503, mimetype="text/plain")
        well = is_well(devserver.recording.health())
        return Response("ok\n" if well else "not ok\n", 200 if well else 503, mimetype="text/plain")

    @routes.get("/metrics", roles=ADMINS)
    def metrics() -> Response:
        running, waiting = _jobs(runs)
        figures = [*of_recording(devserver.recording.health()), *_of_runner(running, waiting)]
        content_type, text = exposed(figures, request.headers.get("Accept", ""))
        return Response(text, content_type=content_type)

    @routes.get("/api/health", roles=ALL)
    def health() -> Response:
        running, waiting = _jobs(runs)
        return json_reply({"status": "ok", "running": running, "waiting": waiting})

    return routes


def _jobs(runs: Runs) -> tuple[int, int]:
    jobs = runs.runner.jobs()
    waiting = sum(not job.started.is_set() for job in jobs)
    return len(jobs) - waiting, waiting


def _of_runner(running: int, waiting: int) -> list[Figures]:
    return [
        Figures("devserver.runs.running", "gauge", "Runs under way.", [({}, running)]),
        Figures("devserver.runs.waiting", "gauge", "Runs that wait for a slot.", [({}, waiting)]),
    ]
