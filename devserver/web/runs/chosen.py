"""Which runs somebody has chosen from a list: those with a tick, or all that the list has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from devserver.errors import RequestError
from devserver.web.runs.listing import left_out, read_query
from devserver.web.runs.lookup import Runs
from devserver.web.visitors.pupils import Asker
from exporters.explorer.wish import RunWish
from otel_tracking.erasure import RunId

LONGEST_NOTE = 10_000


def chosen_runs(runs: Runs, ids: Sequence[str], query: str | None, asker: Asker) -> list[RunId]:
    """The stored runs with these ids, or where `query` (of an address) is given, all of its list, in its order.

    For researchers: it finds by what students do not see, too. Raises `RequestError` where that is none.
    """
    runs.settle()
    runs.caught_up()
    found = runs.catalogue.runs_called(ids) if query is None else runs.catalogue.all(_wish(runs, query, asker))
    going = runs.going()
    chosen = [run for run in found if run not in going]
    if not chosen:
        raise RequestError(
            "no run that is stored was chosen; a tick beside one, or all that were found, would work", "nothing chosen"
        )
    return chosen


def chosen_in_form(form: Mapping[str, str], ids: Sequence[str], runs: Runs, asker: Asker) -> list[RunId]:
    """The same, of the form below a list."""
    return chosen_runs(runs, ids, form.get("query", "") if form.get("all") else None, asker)


def _wish(runs: Runs, query: str, asker: Asker) -> RunWish:
    given = dict(parse_qsl(query.removeprefix("?")))
    return read_query(given, asker, largest=1).wish(sees_all=True, without=left_out(runs, ()))
