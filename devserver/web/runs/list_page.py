"""What the page of the list of runs shows: rows, filters, pages, and what may be done with those that are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from devserver.web.runs.listing import Listing, Query, read_query
from devserver.web.runs.lookup import Runs
from devserver.web.runs.run_rows import rows_for_people
from devserver.web.visitors.pupils import Asker
from exporters.collections import COLLECTIONS
from exporters.explorer.wish import MARKED_AS, SORTED_BY, SORTED_BY_PEOPLE
from exporters.privacy.profiles import Profile
from exporters.remarks.remarks import RunMark

ROWS_A_PAGE = 20
ROWS_OFFERED = (20, 50, 100)
MOST_ROWS = 100

_IN_THE_FORM = frozenset({"status", "config", "date", "q", "sort", "order", "marked", "limit"})
_PLACES = frozenset({"offset", "page"})

BUNDLES_OFFERED = (
    *("pdf", "docx", "html", "poster_zip", "poster_picture_zip", "pdf_zip", "html_zip", "json_zip"),
    *("items_csv", "survey_csv", "jsonl", "qdpx", "coding_txt", "coding_docx"),
)
"""The formats of bundles, what people read first."""


@dataclass(frozen=True, slots=True)
class PageOfList:
    """Which page it is, of how many, and how the others are called."""

    number: int
    count: int
    given: tuple[tuple[str, str], ...]

    def address(self, number: int) -> str:
        """The address of another page of the same list."""
        return "/runs?" + urlencode([*self.given, ("page", str(number))])

    @property
    def query(self) -> str:
        """What the list was asked for, without its page."""
        return urlencode(self.given)


def list_page_values(given: Mapping[str, str], runs: Runs, asker: Asker, *, is_research: bool) -> dict[str, Any]:
    """What `runs.html` needs, for an address with these values. `is_research` is the view of researchers."""
    query = read_query(given, asker, largest=MOST_ROWS, usual=ROWS_A_PAGE)
    listing = Listing(runs, query, asker, sees_all=is_research)
    kept = tuple((name, value) for name, value in given.items() if value and name not in _PLACES)
    return {
        "rows": rows_for_people(listing.rows, is_researcher=is_research),
        "total": listing.total,
        "is_whole": listing.is_whole,
        "damaged": runs.damaged() if asker.is_researcher else (),
        "query": query,
        "page": page_of(query, listing.total, kept),
        "kept": [(name, value) for name, value in kept if name not in _IN_THE_FORM],
        "sorts": [name for name in SORTED_BY if is_research or name not in SORTED_BY_PEOPLE],
        "limits": sorted({*ROWS_OFFERED, query.limit}),
        "marked_as": MARKED_AS if is_research else (),
        "can_change_view": asker.is_researcher,
        "is_research": is_research,
        "is_filtered": any(query.filters[name] for name in query.filters if name not in ("sort", "order")),
        "bundles": offered(BUNDLES_OFFERED) if is_research else (),
        "lacking": lacking(BUNDLES_OFFERED) if is_research else {},
        "profiles": [profile.value for profile in Profile],
        "marks": [mark.value for mark in RunMark],
    }


def page_of(query: Query, total: int, given: Iterable[tuple[str, str]]) -> PageOfList:
    """The page of a list that a query is at."""
    count = max(1, -(-total // query.limit))
    return PageOfList(query.offset // query.limit + 1, count, tuple(given))


def offered(names: Iterable[str]) -> list[tuple[str, str]]:
    """Formats of bundles, each with what has to be installed before it can be made; empty where it can."""
    forms = ((name, COLLECTIONS[name]) for name in names)
    return [(name, form.extra.missing() if form.extra else "") for name, form in forms]


def lacking(names: Iterable[str]) -> dict[str, list[str]]:
    """Those of them that cannot be made here, by the extra that would bring them."""
    found: dict[str, list[str]] = {}
    for name in names:
        extra = COLLECTIONS[name].extra
        if extra and extra.missing():
            found.setdefault(extra.name, []).append(name)
    return found
