"""`/api/runs`: list runs, look at one, export it, follow it, end it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from devserver.audit import Act
from devserver.web.asking.era_a_answers import addresses
from devserver.web.asking.runner import Job
from devserver.web.files.workshop import DocumentTooMuch, Workshop, WorkshopFull
from devserver.web.language import language_here
from devserver.web.live.streams import LOOK_SECONDS, Seats, Stream, has_seen_the_end
from devserver.web.live.telling import Tellings, new_tellings
from devserver.web.refusals import refusal, refuse_with
from devserver.web.replies import json_reply, trouble
from devserver.web.runs.listing import Listing, read_query
from devserver.web.runs.lookup import Runs
from devserver.web.runs.student_copy import student_copy
from devserver.web.visitors import guard
from devserver.web.visitors.pupils import SECRET_HEADER, asker
from devserver.web.visitors.roles import ALL
from exporters import FORMATS
from exporters.errors import UnknownExecution, UnknownOption
from exporters.formats import Format, format_named
from exporters.formats.documents import check_options
from exporters.formats.json import render as render_json
from exporters.privacy.exports_ledger import Export, ExportKind, run_ids
from exporters.privacy.profiles import Profile
from exporters.privacy.way_out import kept_back_in_words, open_way_out
from exporters.storage.layout import folder_name
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionRecord


def run_routes(runs: Runs, seats: Seats, heartbeat_seconds: float, workshop: Workshop) -> Blueprint:
    """The routes, as a blueprint."""
    routes = Blueprint("runs", __name__, url_prefix="/api/runs")
    answers = _Answers(runs, seats, heartbeat_seconds, workshop)
    refuse_with(routes, _refuse)
    routes.get("", roles=ALL)(answers.index)
    routes.get("/stats", roles=ALL)(answers.stats)
    routes.get("/<name>", roles=ALL)(answers.one)
    routes.get("/<name>/export/<format_name>", roles=ALL)(answers.export)
    routes.get("/<name>/live", roles=ALL)(answers.live)
    routes.post("/<name>/cancel", roles=ALL)(answers.cancel)
    return routes


def _refuse(status: int, error: Exception) -> Response:
    if isinstance(error, UnknownExecution):
        return trouble(status, f"{error}; GET /api/runs lists those there are")
    return refusal(status, error)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What each route answers."""

    runs: Runs
    seats: Seats
    heartbeat_seconds: float
    workshop: Workshop
    tellings: Tellings = field(default_factory=new_tellings)

    def index(self) -> Response:
        query = read_query(request.args, asker(), largest=100)
        listing = Listing(self.runs, query, asker(), sees_all=asker().is_researcher)
        damaged = [damage.sentence for damage in self.runs.damaged()] if asker().is_researcher else []
        return json_reply(
            {
                "executions": [row.to_dict(with_people=asker().is_researcher) for row in listing.rows],
                "total": listing.total,
                "limit": query.limit,
                "offset": query.offset,
                "returned": len(listing.rows),
                "filters": query.filters,
                **({} if listing.is_whole else {"is_whole": False}),
                **({"damaged": damaged} if damaged else {}),
            }
        )

    def stats(self) -> Response:
        query = read_query({}, asker(), largest=1)
        count = Listing(self.runs, query, asker(), sees_all=False).stored
        size, place = None, self.runs.data_dir.name
        if asker().is_researcher:  # What everything takes grows with runs that pupils do not see.
            files = (path for path in self.runs.data_dir.rglob("*") if path.is_file())
            size, place = sum(path.stat().st_size for path in files), str(self.runs.data_dir.absolute())
        size_mb = None if size is None else round(size / 2**20, 2)
        stored = {"total_records": count, "total_size_bytes": size, "total_size_mb": size_mb}
        return json_reply({**stored, "storage_dir": place})

    def one(self, name: str) -> Response:
        found = self.runs.find(name, asker())
        if isinstance(found, Job):
            return json_reply(_under_way(found, self.runs))
        record = self.runs.record(found)
        guard.note(Act.EXPORT, found, format="record")
        if not asker().is_researcher:
            return json_reply(student_copy(record))
        return Response(render_json(record), mimetype="application/json")

    def export(self, name: str, format_name: str) -> Response:
        if format_name not in FORMATS:
            return trouble(404, f"no format is called {format_name!r:.60}; there are {', '.join(sorted(FORMATS))}")
        form = format_named(format_name)
        found = self.runs.find(name, asker())
        if isinstance(found, Job):
            return trouble(409, "the run is still under way; it can be exported when it has ended")
        profile = request.args.get("profile", Profile.FULL.value)
        try:
            options = _options(form)
            if options is None:
                return trouble(403, f"{format_name} shows everything and is not for students; html or pdf would work")
            check_options(options, [form])
            record = self.runs.record(found)
            chosen = profile if asker().is_researcher else Profile.FULL
            way_out = open_way_out(self.runs.data_dir, chosen, with_marked=True)
            # Who looks at what is theirs takes nothing out of a study.
            if asker().is_researcher and not way_out.lets_out(record):
                why_not = f"the run may not leave: {kept_back_in_words(way_out.kept_back)}"
                return trouble(409, " ".join([why_not, *way_out.troubles]))
            whose = asker().pupil or guard.role()
            document = self.workshop.make(record, format_name, options, whose, way_out.profile)
        except UnknownOption as error:
            return trouble(400, str(error))
        except WorkshopFull as error:
            return trouble(429 if error.is_theirs else 503, str(error), retry_after=5)
        except DocumentTooMuch as error:
            return trouble(504 if error.of_time else 507, str(error))
        guard.note(Act.EXPORT, found, format=format_name)
        export = Export(
            kind=ExportKind.DOWNLOAD, runs=run_ids([record]), format=format_name, profile=way_out.profile.value
        )
        with way_out.passing(export):
            return _attachment(document, record, form, way_out.profile)

    def live(self, name: str) -> Response:
        found = self.runs.find(name, asker())
        after = request.headers.get("Last-Event-ID") or request.args.get("after", "")
        if has_seen_the_end(self.runs, found, after):
            return Response(status=204)
        leave = self.seats.take()
        if leave is None:
            return trouble(503, "too many watchers follow runs already; try again in a moment", retry_after=5)
        audience = guard.audience().value
        stream = Stream(
            self.runs,
            self.tellings,
            found,
            language_here(),
            audience,
            self.heartbeat_seconds,
            may_go_on=partial(self.runs.seeing.may_still_see, found, asker()),
            look_seconds=LOOK_SECONDS if self.runs.seeing.room_of(found) else self.heartbeat_seconds,
        )
        response = Response(stream.messages(after), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(leave)
        return response

    def cancel(self, name: str) -> Response:
        found = self.runs.find(name, asker())
        if not self.runs.seeing.may_end(found, asker()):
            return trouble(403, f"only who asked for a run may end it, or who sends its secret as {SECRET_HEADER}")
        if not isinstance(found, Job):
            return trouble(409, "the run has ended already; nothing was changed", execution_id=found)
        self.runs.runner.stop(found)
        guard.note(Act.CANCEL, found.execution_id or found.name)
        return json_reply({"status": "cancelling", "run_status": found.status, **addresses(found)}, 202)


def _under_way(job: Job, runs: Runs) -> dict[str, Any]:
    """A run that has not ended, as its record will begin."""
    items = runs.so_far(job).record().items
    told = {
        "status": job.status,
        "config_name": job.request.config_name,
        "timestamp": job.moment.isoformat(),
        "execution_mode": job.request.execution_mode,
        "safety_level": job.request.safety_level,
        "position": runs.runner.position(job),
        "items_so_far": len(items),
        **addresses(job),
    }
    # Students follow the live view, which holds back what no check has seen yet.
    return {**told, "items": [item.to_dict() for item in items]} if asker().is_researcher else told


def _options(form: Format) -> dict[str, str] | None:
    """The options of the request that the format has; None where students may not have the format."""
    options = {name: value for name, value in request.args.items() if name not in ("token", "profile")}
    if asker().is_researcher:
        return options
    return {**options, "audience": Audience.STUDENT.value} if "audience" in form.options else None


def _attachment(document: bytes, record: ExecutionRecord, form: Format, profile: Profile) -> Response:
    media_type = f"{form.media_type}; charset=utf-8" if form.media_type.startswith("text/") else form.media_type
    response = Response(document, content_type=media_type)
    # The name is made of characters that mean nothing to headers and file systems.
    name = folder_name(record.execution_id).replace("%", "_").replace(" ", "_")
    if profile is Profile.PUBLIC:
        name = f"{record.timestamp:%Y-%m-%d}_public"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}{form.suffix}"'
    response.headers["Content-Security-Policy"] = guard.FILE_POLICY
    return response
