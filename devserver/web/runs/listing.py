"""The runs that a list shows: those under way first, then those that are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from devserver.errors import RequestError
from devserver.web.asking.body import NotAllowed, whole_number
from devserver.web.asking.runner import Job
from devserver.web.runs.lookup import Runs
from devserver.web.visitors.pupils import Asker
from exporters.explorer.catalogue import CardOfRun
from exporters.explorer.wish import MARKED_AS, SORTED_BY, SORTED_BY_PEOPLE, RunWish, Sight, mentions
from exporters.remarks.book import RemarkBook
from exporters.storage.reading.selection import Selection, Wanted
from otel_tracking.erasure import RunId
from otel_tracking.record import read_timestamp

_EQUAL = {
    "config": "config_name",
    "user_id": "user_id",
    "session_id": "session_id",
    "study_id": "study_id",
    "status": "status",
    "level": "safety_level",
}
_OTHERS = ("date", "since", "until", "marked", "q", "sort", "order")
PEOPLE = ("user_id", "session_id", "device_id", "study_id", "batch_id")
"""What may name somebody: a list or a search that answers to it tells pupils who was there."""

_OF_RESEARCHERS = ("marks",)
"""What researchers said of a run, which is for them alone."""

ORDERS = ("asc", "desc")
MOST_PAGES = 10**8

UNDER_WAY = frozenset({"running", "waiting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What somebody wants to see of the list. `filters` are the texts they gave."""

    selection: Selection
    text: str
    marked: str
    sort: str
    order: str
    limit: int
    offset: int
    filters: Mapping[str, str | None]

    def wish(self, *, sees_all: bool, without: Collection[str] = (), sight: Sight | None = None) -> RunWish:
        """The same for the catalogue; `sees_all` finds by what students do not see, too."""
        return RunWish(
            selection=self.selection,
            text=self.text,
            sees_all=sees_all,
            marked=self.marked,
            sort=self.sort,
            falling=self.order == "desc",
            without=without,
            sight=sight,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """One run as a list shows it; the fields are those of its record."""

    execution_id: str | None
    trace_id: str | None
    config_name: Any
    timestamp: dt.datetime
    status: str
    user_id: Any = None
    session_id: Any = None
    device_id: Any = None
    study_id: Any = None
    batch_id: Any = None
    execution_mode: Any = None
    safety_level: Any = None
    used_seed: Any = None
    total_execution_time: float | None = None
    outputs_generated: int = 0
    item_count: int = 0
    run_url: str = ""
    marks: list[str] = field(default_factory=list)
    card: CardOfRun | None = None

    def to_dict(self, *, with_people: bool = True) -> dict[str, Any]:
        """All fields by name; without what may name somebody, and what is of researchers, where not `with_people`."""
        hidden = ("card",) if with_people else ("card", *PEOPLE, *_OF_RESEARCHERS)
        plain = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in hidden}
        return {**plain, "timestamp": self.timestamp.isoformat()}


class Listing:
    """A page of the list, and how many there are in all, of those that `asker` may see.

    `sees_all` finds texts that students do not see. `is_whole` says whether all that is stored was looked at.
    """

    def __init__(self, runs: Runs, query: Query, asker: Asker, *, sees_all: bool) -> None:
        # In this order, so that a run that ends meanwhile is in one of the two lists, if not in both.
        jobs = [_of_job(job) for job in runs.under_way() if runs.seeing.may_see(job, asker)]
        runs.settle()
        self.is_whole = runs.caught_up()
        wanted = Wanted(query.selection)
        first = [
            job for job in jobs if wanted.accepts(job) and mentions(query.text, _names_of(job)) and not query.marked
        ]
        shown = first[query.offset : query.offset + query.limit]
        found = runs.catalogue.page(
            query.wish(sees_all=sees_all, without=left_out(runs, jobs), sight=runs.seeing.sight(asker)),
            limit=query.limit - len(shown),
            offset=max(0, query.offset - len(first)),
            may_see=lambda row: runs.seeing.may_see(row, asker),
        )
        self.total, self.stored = len(first) + found.total, found.total
        book = runs.remarks() if asker.is_researcher else RemarkBook()
        self.rows = [*shown, *(_of_card(card, book) for card in found.runs)]


def left_out(runs: Runs, jobs: Iterable[ListedRun]) -> frozenset[str]:
    """The ids of stored runs that are not listed: they are among those under way, or being erased."""
    return frozenset(
        {job.execution_id for job in jobs if job.execution_id} | {run.execution_id for run in runs.going()}
    )


def read_query(given: Mapping[str, str], asker: Asker, *, largest: int, usual: int = 20) -> Query:
    """The query in an address. Raises `RequestError` for what cannot be asked, or not by them (`NotAllowed`)."""
    filters = {name: given.get(name) or None for name in (*_EQUAL, *_OTHERS)}
    sort = filters["sort"] or "time"
    if not asker.is_researcher:
        _refuse_students(given, sort, asker)
    selection: dict[str, Any] = {field: filters[name] for name, field in _EQUAL.items() if filters[name]}
    for name, read in (("date", dt.date.fromisoformat), ("since", read_timestamp), ("until", read_timestamp)):
        if text := filters[name]:
            selection[name] = _read(name, text, read)
    limit = _number(given, "limit", usual, 1, largest)
    page = _number(given, "page", 0, 0, MOST_PAGES)
    return Query(
        selection=Selection(**selection),  # type: ignore[typeddict-item]  # its names are those of `_EQUAL`
        text=filters["q"] or "",
        marked=_one_of("marked", filters["marked"] or "", ("", *MARKED_AS)),
        sort=_one_of("sort", sort, SORTED_BY),
        order=_one_of("order", filters["order"] or "desc", ORDERS),
        limit=limit,
        offset=(page - 1) * limit if page else _number(given, "offset", 0, 0, 10**9),
        filters=filters,
    )


def _refuse_students(given: Mapping[str, str], sort: str, asker: Asker) -> None:
    # A session may be a room, and who holds rooms looks for what was made in one.
    theirs = ("session_id",) if asker.holds_rooms else ()
    refused = [name for name in (*PEOPLE, "marked") if given.get(name) and name not in theirs]
    if refused:
        would_work = "config, status, date, since and q would work"
        raise NotAllowed(f"{refused[0]} is not for students to search by; {would_work}", "filter not yours")
    if sort in SORTED_BY_PEOPLE:
        would_work = "time, config, status and duration would work"
        raise NotAllowed(f"{sort} is not for students to sort by; {would_work}", "filter not yours")


def _one_of(name: str, text: str, known: Iterable[str]) -> str:
    if text not in known:
        raise RequestError(f"{name} is {text!r:.40}; {', '.join(filter(None, known))} would work", "filter wrong")
    return text


def _number(given: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = given.get(name, "").strip()
    if not text:
        return usual
    if whole_number(text) is None:
        raise RequestError(f"{name} is {text!r:.40}; a number from {least} to {most} would work", "filter wrong")
    # As era A did: a number that is too small or too large is brought to the nearest that works.
    return min(max(int(text), least), most)


def _read(name: str, text: str, read: Any) -> Any:
    try:
        return read(text)
    except ValueError:
        raise RequestError(f"{name} is {text!r:.40}; 2026-11-23 would work", "filter wrong") from None


def _names_of(job: ListedRun) -> tuple[Any, ...]:
    return (job.execution_id, job.trace_id, job.config_name)


def _of_job(job: Job) -> ListedRun:
    request = job.request
    return ListedRun(
        execution_id=job.execution_id,
        trace_id=job.trace_id,
        config_name=request.config_name,
        timestamp=job.moment,
        status=job.status,
        used_seed=request.seed,
        run_url=f"/runs/{job.name}",
        **{name: getattr(request, name) for name in (*PEOPLE, "execution_mode", "safety_level")},
    )


def _of_card(card: CardOfRun, book: RemarkBook) -> ListedRun:
    listed = card.listed
    names = ListedRun.__dataclass_fields__.keys() & listed.keys()
    run = RunId(listed["execution_id"], listed["trace_id"])
    marks = [mark.value for mark in book.of(run).marks]
    known = {name: listed[name] for name in names}
    return ListedRun(
        **known, item_count=listed["item_rows"], run_url=f"/runs/{run.execution_id}", marks=marks, card=card
    )
