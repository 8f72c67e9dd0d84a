"""The runs that a list shows: those under way first, then those that are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from devserver.errors import RequestError
from devserver.web.asking.body import NotAllowed, whole_number
from devserver.web.asking.runner import Job
from devserver.web.runs.lookup import Runs
from devserver.web.visitors.pupils import Asker
from exporters.remarks.book import RemarkBook
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.selection import Selection, Wanted
from otel_tracking.record import read_timestamp

_EQUAL = {"config": "config_name", "user_id": "user_id", "session_id": "session_id", "status": "status"}
PEOPLE = ("user_id", "session_id", "device_id", "study_id", "batch_id")
"""What may name somebody: a list or a search that answers to it tells pupils who was there."""

_OF_RESEARCHERS = ("marks",)
"""What researchers said of a run, which is for them alone."""

UNDER_WAY = frozenset({"running", "waiting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What somebody wants to see of the list. `filters` are the texts they gave."""

    selection: Selection
    text: str
    limit: int
    offset: int
    filters: Mapping[str, str | None]


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

    def to_dict(self, *, with_people: bool = True) -> dict[str, Any]:
        """All fields by name; without what may name somebody, and what is of researchers, where not `with_people`."""
        people = () if with_people else (*PEOPLE, *_OF_RESEARCHERS)
        plain = {name: value for name, value in asdict(self).items() if name not in people}
        return {**plain, "timestamp": self.timestamp.isoformat()}


class Listing:
    """A page of the list, and how many there are in all, of those that `asker` may see."""

    def __init__(self, runs: Runs, query: Query, asker: Asker) -> None:
        # In this order, so that a run that ends meanwhile is in one of the two lists, if not in both.
        jobs = [_of_job(job) for job in runs.under_way() if runs.may_see(job, asker)]
        runs.settle()
        known = {job.execution_id for job in jobs}
        rows = [row for row in runs.rows(query.selection) if row.execution_id not in known]
        stored = [row for row in rows if runs.may_see(row, asker)]
        wanted = Wanted(query.selection)
        all_rows: list[ListedRun | ExecutionRow] = [*(job for job in jobs if wanted.accepts(job)), *stored]
        found = [row for row in all_rows if not query.text or _mentions(row, query.text)]
        self.total = len(found)
        chosen = found[query.offset : query.offset + query.limit]
        book = runs.remarks() if asker.is_researcher else RemarkBook()
        self.rows = [row if isinstance(row, ListedRun) else _of_row(row, book) for row in chosen]


def read_query(given: Mapping[str, str], asker: Asker, *, largest: int, usual: int = 20) -> Query:
    """The query in an address. Raises `RequestError` for what cannot be asked, or not by them (`NotAllowed`)."""
    refused = [name for name in PEOPLE if given.get(name)]
    if refused and not asker.is_researcher:
        raise NotAllowed(
            f"{refused[0]} is not for students to search by; config, status, date, since and q would work",
            "filter not yours",
        )
    filters = {name: given.get(name) or None for name in (*_EQUAL, "date", "since", "q")}
    selection: dict[str, Any] = {field: filters[name] for name, field in _EQUAL.items() if filters[name]}
    if filters["date"]:
        selection["date"] = _read("date", filters["date"], dt.date.fromisoformat)
    if filters["since"]:
        selection["since"] = _read("since", filters["since"], read_timestamp)
    return Query(
        selection=Selection(**selection),  # type: ignore[typeddict-item]  # its names are those of `_EQUAL`
        text=(filters["q"] or "").lower(),
        limit=_number(given, "limit", usual, 1, largest),
        offset=_number(given, "offset", 0, 0, 10**9),
        filters=filters,
    )


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


def _mentions(row: ListedRun | ExecutionRow, text: str) -> bool:
    return any(text in str(value or "").lower() for value in (row.execution_id, row.trace_id, row.config_name))


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


def _of_row(row: ExecutionRow, book: RemarkBook) -> ListedRun:
    names = ListedRun.__dataclass_fields__.keys() - {"item_count", "run_url", "marks"}
    known = {name: getattr(row, name) for name in names}
    known["status"] = str(row.status)
    marks = [mark.value for mark in book.of(row).marks]
    return ListedRun(**known, item_count=row.item_rows, run_url=f"/runs/{row.execution_id}", marks=marks)
