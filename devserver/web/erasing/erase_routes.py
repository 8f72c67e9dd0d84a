"""`/runs/<id>/erase` and `/erasures/<name>`, for people and for programs: ask, erase, tell how it is getting on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from devserver.audit import Act
from devserver.web.asking.body import read_body
from devserver.web.asking.runner import Job
from devserver.web.erasing.erase_page import erase_page_values, erasure_page_values
from devserver.web.erasing.erasures import Erasures, ErasureState
from devserver.web.erasing.wishes import ErasureScope, ErasureWish, Origin, origin_of, wish_of_body, wish_of_form
from devserver.web.language import words_here
from devserver.web.refusals import refuse_with
from devserver.web.replies import json_reply, trouble
from devserver.web.rooms.erasing import forget_pupils
from devserver.web.runs.lookup import FLUSH_SECONDS, Runs
from devserver.web.showing import show
from devserver.web.visitors import guard
from devserver.web.visitors.pupils import asker
from devserver.web.visitors.roles import ADMINS
from otel_tracking.erasure import IsMeant

_WOULD_WORK = '{"scope": "run"}'


def erase_routes(runs: Runs, erasures: Erasures) -> Blueprint:
    """The routes, as a blueprint."""
    routes = Blueprint("erasing", __name__)
    answers = _Erasing(runs, erasures)
    refuse_with(routes)
    routes.get("/runs/<name>/erase", roles=ADMINS)(answers.ask)
    routes.post("/runs/<name>/erase", roles=ADMINS)(answers.erase)
    routes.get("/erasures/<name>", roles=ADMINS)(answers.tell)
    routes.post("/api/runs/<name>/erase", roles=ADMINS)(answers.erase_for_program)
    routes.get("/api/erasures/<name>", roles=ADMINS)(answers.tell_program)
    return routes


class StillUnderWay(Exception):
    """A run that is to be erased, or others of the same person, have not ended; `jobs` are those."""

    def __init__(self, jobs: list[Job], *, are_others: bool = False) -> None:
        super().__init__(f"{len(jobs)} of these runs are under way or waiting; when they have ended it would work")
        self.jobs, self.are_others = jobs, are_others


@dataclass(frozen=True, slots=True)
class _Erasing:
    """What each route answers."""

    runs: Runs
    erasures: Erasures

    def ask(self, name: str) -> AnyResponse:
        try:
            origin = self._origin(name)
        except StillUnderWay as under_way:
            return _not_yet(under_way)
        self.runs.settle()
        row = self.runs.row(origin.run.execution_id)
        values = erase_page_values(row, origin, self.runs.data_dir, self.erasures.places())
        return make_response(show("erase.html", **values))

    def erase(self, name: str) -> AnyResponse:
        try:
            state = self._begin(name, wish_of_form(request.form.get("scope", "")))
        except StillUnderWay as under_way:
            return _not_yet(under_way)
        return redirect(f"/erasures/{state.name}", 303)

    def tell(self, name: str) -> AnyResponse:
        return make_response(show("erasure.html", **erasure_page_values(self._state(name), words_here())))

    def erase_for_program(self, name: str) -> Response:
        wish = wish_of_body(read_body(request.get_data(), _WOULD_WORK))
        try:
            state = self._begin(name, wish)
        except StillUnderWay as under_way:
            return trouble(409, str(under_way), under_way=[job.name for job in under_way.jobs])
        address = f"/api/erasures/{state.name}"
        return json_reply({"status": "accepted", **_told(state), "erasure_url": address}, 202, Location=address)

    def tell_program(self, name: str) -> Response:
        return json_reply(_told(self._state(name)))

    def _begin(self, name: str, wish: ErasureWish) -> ErasureState:
        origin = self._origin(name)
        is_meant = origin.meant(wish)
        if jobs := self._under_way(is_meant, wish):
            raise StillUnderWay(jobs, are_others=True)
        # What has just ended may be on its way into the store.
        self.runs.settle(FLUSH_SECONDS)
        if wish.withdraw:
            # First: a death in between leaves runs that do not leave, and nothing that was only half withdrawn.
            origin.withdraw(self.runs.data_dir)
        if wish.scope is ErasureScope.PERSON:
            forget_pupils(self.runs.data_dir, is_meant)
        state = self.erasures.begin(is_meant, origin.reason(wish))
        guard.note(Act.ERASE, erasure=state.name, reason=origin.reason(wish).value)
        return state

    def _origin(self, name: str) -> Origin:
        found = self.runs.find(name, asker())
        if isinstance(found, Job):
            raise StillUnderWay([found])
        return origin_of(self.runs.row(found), self.runs.data_dir)

    def _under_way(self, is_meant: IsMeant, wish: ErasureWish) -> list[Job]:
        """Runs of the same person that have not ended: what they still bring would come after the erasure."""
        if wish.scope is ErasureScope.RUN:
            return []
        # Requests name people by the same fields as records do.
        return [job for job in self.runs.under_way() if is_meant(job.request)]  # type: ignore[arg-type]

    def _state(self, name: str) -> ErasureState:
        state = self.erasures.find(name)
        if state is None:
            abort(404, f"no erasure is called {name!r:.60}")
        return state


def _not_yet(under_way: StillUnderWay) -> Response:
    return make_response(show("erase_not_yet.html", jobs=under_way.jobs, are_others=under_way.are_others), 409)


def _told(state: ErasureState) -> dict[str, Any]:
    """How an erasure is getting on, for programs."""
    told: dict[str, Any] = {"erasure": state.name, "state": state.state.value, "done": state.done, "of": state.of}
    if state.report is not None:
        told["report"] = state.report
    return {**told, "error": state.trouble} if state.trouble else told
