"""The README of a dataset: what is in it, how it was chosen, how to read it and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from textwrap import wrap
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from exporters.privacy.way_out import kept_back_in_words
from exporters.storage.tables.table_file import arrow_file
from otel_tracking.record import SCHEMA_VERSION
from otel_tracking.taxonomy import TAXONOMY_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What only people can say of a dataset: a title, who made it, and under which licence others may use it."""

    title: str = "Runs of a generative-art pipeline"
    authors: Sequence[str] = ()
    licence: str = ""


_ABOUT = {
    "executions": "one row per run: configuration, outcome, times, every span with what was passed to its backend",
    "items": "one row per logged item: texts, verdicts, outputs, each with every parameter",
    "journeys": "one row per step of a text: what went in, what came out, in which languages, by which engine",
    "blobs": 'large parts of the JSON columns (workflow graphs), once per run; `{"$blob":"<sha256>"}` refers to them',
    "annotations": "one row per run of which researchers said something since: marks, a note, variables of their own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a dataset says of itself: how its runs were chosen, how many rows and damaged runs there are, and under what
    they left (`WayOut.statement`).
    """

    description: Description
    query: Mapping[str, str]
    rows: Mapping[str, int]
    damaged: int
    privacy: Mapping[str, Any]


def readme(directory: Path, about: About) -> str:
    """The text of `README.md` for the tables in `directory`."""
    description, rows = about.description, about.rows
    first, last = _span(directory / "executions.parquet")
    chosen = [f"- {name}: `{value}`" for name, value in about.query.items()] or ["- all runs that were stored"]
    tables = [
        f"| `{name}.parquet` | {count:,} | {_ABOUT[name]} |" for name, count in rows.items() if count or name != "blobs"
    ]
    return "\n".join(
        [
            f"# {description.title}",
            "",
            f"{rows['executions']:,} runs from {first} to {last}, chosen by:" if first else "No run was found by:",
            "",
            *chosen,
            "",
            *_left_out(about.damaged),
            *_kept_back(about.privacy["kept_back"]),
            "| table | rows | what a row is |",
            "|---|---|---|",
            *tables,
            "",
            *_HOW_TO_READ,
            "",
            *_cite(description, first, last),
            "",
            *_care(about.privacy),
            "",
            f"Made with otel-tracking {_software()}, schema {SCHEMA_VERSION}, taxonomy {TAXONOMY_VERSION}.",
            "The same runs and the same query give the same bytes.",
            "",
        ]
    )


_HOW_TO_READ = (
    "## How to read it",
    "",
    "`codebook.csv` and `codebook.json` say what every column means. The `.csv` files hold the same rows for",
    "spreadsheets (UTF-8, an apostrophe before what they would take for something else); the Parquet files are exact.",
    "`exact_json` holds what a column cannot say. `sha256sum --check SHA256SUMS` shows that nothing was changed.",
    "",
    "```sql",
    "-- DuckDB: how long the texts are at each hop",
    "select stage_iteration, avg(length(content)) from 'journeys.parquet'",
    "where item_type = 'interception_iteration' group by all order by all;",
    "```",
)

_CARE = {
    "full": (
        "The texts were written by people, many of them children. Users, sessions and devices are named in `user_id`,",
        "`session_id`, `device_id` and in the metadata, and texts may name persons. Whoever passes this on answers for",
        "it.",
    ),
    "pseudonymous": (
        "The texts were written by people, many of them children. Whose they are is said by pseudonyms, which only the",
        "study's key can join to anybody, and texts went through rules. These are personal data still: whoever passes",
        "this on answers for it.",
    ),
    "public": (
        "The texts were written by people, many of them children. Nobody is named, times are days, and of calls to",
        "engines there is nothing. Texts went through rules, which find no name that is on no list: read them before",
        "you publish them.",
    ),
}


def _care(privacy: Mapping[str, Any]) -> list[str]:
    """Whose words these are, under what they left, and what was taken out of them."""
    lines = ["## Whose words these are", "", *_CARE[privacy["profile"]]]
    if privacy["profile"] == "full":
        return lines
    found = ", ".join(f"{kind} {count:,}" for kind, count in privacy["redactions"].items()) or "nothing"
    return [
        *lines,
        "",
        f"Profile: `{privacy['profile']}`. Rules: {', '.join(privacy['rules'])}.",
        f"Taken out of texts: {found}. Left out: {privacy['left_out']:,} places.",
        *wrap(f"`query.json` says how each field left. {privacy['recall']}", 118),
    ]


def _kept_back(reasons: Mapping[str, int]) -> list[str]:
    if not reasons:
        return []
    count = sum(reasons.values())
    return [f"**{count:,} more runs were chosen and are not here: {kept_back_in_words(reasons)}**", ""]


def _left_out(count: int) -> list[str]:
    if not count:
        return []
    return [f"**{count:,} more runs were chosen and are not here: their files could not be read.**", ""]


def _cite(description: Description, first: str, last: str) -> list[str]:
    """How to cite: what is not known stands in angle brackets, to be filled in before publishing."""
    authors = "; ".join(description.authors) or "<authors>"
    period = f"{first[:10]} to {last[:10]}" if first else "<period>"
    return [
        "## How to cite it",
        "",
        f"> {authors} ({last[:4] or '<year>'}): {description.title}, {period} [dataset]. Recorded with otel-tracking",
        f"> {_software()}. Identifier: the sha256 of `SHA256SUMS`.",
        "",
        f"Licence: {description.licence or '<licence>'}",
    ]


def _span(executions: Path) -> tuple[str, str]:
    moments = pq.read_table(arrow_file(executions), columns=["timestamp"])["timestamp"]
    span = pc.min_max(moments).as_py()
    return ("", "") if span["min"] is None else (_minutes(span["min"]), _minutes(span["max"]))


def _minutes(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _software() -> str:
    try:
        return version("otel-tracking")
    except PackageNotFoundError:
        return "(not installed)"
