"""`/compare`: two runs side by side, for whoever may see both."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from devserver.errors import RequestError
from devserver.web.asking.job import Job
from devserver.web.language import language_here
from devserver.web.live.board import board_of
from devserver.web.refusals import refuse_with
from devserver.web.runs.comparing import ComparedRun, compared
from devserver.web.runs.lookup import Runs
from devserver.web.runs.run_page import tone_of
from devserver.web.showing import show
from devserver.web.visitors import guard
from devserver.web.visitors.pupils import asker
from devserver.web.visitors.roles import ALL
from exporters.story.readable import seconds
from otel_tracking.audience import Audience


def compare_routes(runs: Runs) -> Blueprint:
    """The route, as a blueprint."""
    routes = Blueprint("compare", __name__)
    refuse_with(routes)
    routes.get("/compare", roles=ALL)(_Comparing(runs).compare)
    return routes


@dataclass(frozen=True, slots=True)
class _Comparing:
    """What the route answers."""

    runs: Runs

    def compare(self) -> AnyResponse:
        chosen = request.args.getlist("run")
        if chosen:
            return redirect(_address(*_two(chosen)), 303)
        names = _two([request.args.get(side, "") for side in ("left", "right")])
        left, right = (self._run(name) for name in names)
        if left.execution_id == right.execution_id:
            raise _only_two("both are the same run")
        page = show(
            "compare.html",
            left=left,
            right=right,
            rows=compared(left.board, right.board),
            tone_of=tone_of,
            audience=guard.audience().value,
            audiences=[one.value for one in guard.audiences_of(guard.role())],
            address=_address,
        )
        return make_response(page)

    def _run(self, name: str) -> ComparedRun:
        """What may be seen of a run, as on its own page. Raises as `Runs.find`, and `RequestError` before it begins."""
        found = self.runs.find(name, asker())
        if isinstance(found, Job) and not found.trace_id:
            raise RequestError("one of the runs has not begun; both can be compared when it has", "not begun")
        record = self.runs.record_of(found)
        board = board_of(record, language=language_here(), audience=guard.audience())
        return ComparedRun(record.execution_id, board, seconds(record.total_execution_time))


def _two(names: list[str]) -> list[str]:
    if len(names) != 2 or not all(names):
        raise _only_two(f"{len(list(filter(None, names)))} were chosen")
    return names


def _only_two(why: str) -> RequestError:
    return RequestError(f"two runs are compared, and {why}; /compare?left=exec_…&right=exec_… would work", "only two")


def _address(left: str, right: str, audience: str | None = None) -> str:
    """The address of a comparison, in the view that is asked for, or in the one that it is looked at in."""
    wanted = audience or guard.audience().value
    view = {"audience": wanted} if wanted != Audience.STUDENT else {}
    return f"/compare?{urlencode({'left': left, 'right': right, **view})}"
