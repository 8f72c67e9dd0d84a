"""`/bundles` and `/runs/marks`: what is done with runs that were chosen from the list, for researchers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from devserver.audit import Act
from devserver.errors import RequestError
from devserver.web.asking.body import read_body
from devserver.web.files.bundle_options import options_of_bundle
from devserver.web.files.bundles import Bundle, Bundles, BundleState, TooManyBundles
from devserver.web.language import language_here, words_here
from devserver.web.reachable import reachable
from devserver.web.refusals import refuse_with
from devserver.web.replies import json_reply, trouble
from devserver.web.runs.chosen import LONGEST_NOTE, chosen_in_form, chosen_runs
from devserver.web.runs.lookup import Runs
from devserver.web.showing import message, show
from devserver.web.visitors import guard
from devserver.web.visitors.pupils import asker
from devserver.web.visitors.roles import SEEING_ALL
from exporters.collections import COLLECTIONS
from exporters.collections.making import collection_named
from exporters.errors import UnknownFormat
from exporters.privacy.exports_ledger import Export, ExportKind
from exporters.privacy.profiles import Profile
from exporters.privacy.way_out import open_way_out
from exporters.remarks.remarks import CLEARED, RemarkChange, RunMark, speaking
from exporters.remarks.store import RemarkStore
from exporters.story.readable import size
from otel_tracking.erasure import RunId

_WOULD_WORK = '{"runs": ["exec_…"], "format": "json_zip"} or {"query": "status=completed", "format": "pdf"}'


def chosen_routes(runs: Runs, bundles: Bundles) -> Blueprint:
    """The routes, as a blueprint."""
    routes = Blueprint("chosen", __name__)
    answers = _Chosen(runs, bundles)
    refuse_with(routes)
    routes.register_error_handler(TooManyBundles, _too_many)
    routes.post("/bundles", roles=SEEING_ALL)(answers.bundle)
    routes.post("/runs/marks", roles=SEEING_ALL)(answers.mark)
    routes.get("/bundles/<name>", roles=SEEING_ALL)(answers.tell)
    routes.get("/bundles/<name>/file", roles=SEEING_ALL)(answers.fetch)
    routes.post("/bundles/<name>/cancel", roles=SEEING_ALL)(answers.cancel)
    routes.post("/api/bundles", roles=SEEING_ALL)(answers.bundle_for_program)
    routes.get("/api/bundles/<name>", roles=SEEING_ALL)(answers.tell_program)
    return routes


def _too_many(error: TooManyBundles) -> Response:
    answer = message(503, words_here()["too many bundles"])
    answer.headers["Retry-After"] = "60"
    return answer


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What each route answers."""

    runs: Runs
    bundles: Bundles

    def bundle(self) -> AnyResponse:
        chosen = chosen_in_form(request.form, request.form.getlist("run"), self.runs, asker())
        return redirect(f"/bundles/{self._begin(chosen, request.form).name}", 303)

    def bundle_for_program(self) -> Response:
        body = read_body(request.get_data(), _WOULD_WORK)
        ids, query = body.get("runs", []), body.get("query")
        if not (isinstance(ids, list) and all(isinstance(one, str) for one in ids) and isinstance(query, str | None)):
            raise RequestError(f"runs are ids in a list, and query is a text: {_WOULD_WORK} would work")
        given = {name: value for name, value in body.items() if isinstance(value, str)}
        more = {"with_marked": "1"} if body.get("with_marked") is True else {}
        try:
            bundle = self._begin(chosen_runs(self.runs, ids, query, asker()), {**given, **more})
        except TooManyBundles as error:
            return trouble(503, str(error), retry_after=5)
        address = f"/api/bundles/{bundle.name}"
        return json_reply(_told(bundle), 202, Location=address)

    def mark(self) -> AnyResponse:
        change = _change(request.form)
        chosen = chosen_in_form(request.form, request.form.getlist("run"), self.runs, asker())
        speaker = speaking(guard.role().value)
        try:
            changes = dict.fromkeys(chosen, change)
            RemarkStore(self.runs.data_dir).change(lambda book: book.with_changes(changes, speaker))
        except ValueError as wrong:
            raise RequestError(str(wrong)) from None
        one = chosen[0].execution_id if len(chosen) == 1 else None
        guard.note(Act.REMARK, one, **({} if one else {"executions": len(chosen)}))
        return redirect(f"/runs?{request.form.get('query', '')}", 303)

    def tell(self, name: str) -> AnyResponse:
        return _page_of(self._bundle(name))

    def tell_program(self, name: str) -> Response:
        return json_reply(_told(self._bundle(name)))

    def fetch(self, name: str) -> AnyResponse:
        bundle = self._bundle(name)
        if bundle.state is not BundleState.DONE or not bundle.size:
            abort(404, words_here()["bundle not there"])
        runs = tuple(RunId(*run) for run in bundle.order.runs)
        export = Export(
            kind=ExportKind.DOWNLOAD, runs=runs, format=bundle.order.format_name, profile=bundle.order.profile
        )
        guard.note(Act.EXPORT, executions=bundle.runs, format=bundle.order.format_name)
        with open_way_out(self.runs.data_dir, bundle.order.profile, with_marked=True).passing(export):
            form = COLLECTIONS[bundle.order.format_name]
            answer = send_file(
                bundle.path, mimetype=form.media_type, as_attachment=True, download_name=f"runs{form.suffix}"
            )
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers["Content-Security-Policy"] = guard.FILE_POLICY
        return answer

    def cancel(self, name: str) -> AnyResponse:
        bundle = self._bundle(name)
        self.bundles.cancel(bundle.name)
        return redirect(f"/bundles/{bundle.name}", 303)

    def _begin(self, chosen: Sequence[RunId], given: Mapping[str, str]) -> Bundle:
        format_name, profile = given.get("format", "json_zip"), given.get("profile") or Profile.FULL.value
        try:
            form = collection_named(format_name)
        except UnknownFormat as error:
            raise RequestError(str(error)) from None
        if profile not in list(Profile):
            raise RequestError(f"no profile is called {profile!r:.40}; {', '.join(Profile)} would work")
        options = options_of_bundle(
            form,
            format_name,
            language=language_here(),
            audience=given.get("audience", ""),
            profile=profile,
            pages=reachable(f"{request.host_url}runs"),
        )
        with_marked = bool(given.get("with_marked"))
        return self.bundles.begin(chosen, format_name, profile=profile, options=options, with_marked=with_marked)

    def _bundle(self, name: str) -> Bundle:
        found = self.bundles.find(name)
        if found is None:
            abort(404, words_here()["bundle not there"])
        return found


def _page_of(bundle: Bundle) -> Response:
    return make_response(show("bundle.html", bundle=bundle, size=size(bundle.size)))


def _change(form: Mapping[str, str]) -> RemarkChange:
    """What the form says of runs. Raises `RequestError` where that is nothing."""
    what, note = form.get("mark", ""), form.get("note", "").strip()[:LONGEST_NOTE]
    if what == "clear":
        return CLEARED
    marks = {mark: True for mark in RunMark if mark.value == what}
    if not marks and not note:
        raise RequestError("nothing was said of the runs; a mark or a note would work", "no remark")
    return RemarkChange(marks=marks, note=note or None)


def _told(bundle: Bundle) -> dict[str, Any]:
    """How a bundle is getting on, for programs."""
    told: dict[str, Any] = {
        "bundle": bundle.name,
        "state": bundle.state.value,
        "format": bundle.order.format_name,
        "profile": bundle.order.profile,
        "done": bundle.done,
        "of": bundle.of,
        "bundle_url": f"/api/bundles/{bundle.name}",
    }
    if bundle.state is BundleState.DONE:
        told |= {"runs": bundle.runs, "bytes": bundle.size, "file_url": f"/bundles/{bundle.name}/file"}
    if bundle.is_over:
        told |= {"kept_back": dict(bundle.kept_back), "damaged": bundle.damaged}
    return {**told, "error": bundle.trouble} if bundle.trouble else told
