"""The README of a dataset: what is in it, how it was chosen, how to read it and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

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
}


def readme(
    directory: Path, rows: Mapping[str, int], query: Mapping[str, str], description: Description, left_out: int = 0
) -> str:
    """The text of `README.md` for the tables in `directory`; `left_out` runs could not be read."""
    first, last = _span(directory / "executions.parquet")
    chosen = [f"- {name}: `{value}`" for name, value in query.items()] or ["- all runs that were stored"]
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
            *_left_out(left_out),
            "| table | rows | what a row is |",
            "|---|---|---|",
            *tables,
            "",
            *_HOW_TO_READ,
            "",
            *_cite(description, first, last),
            "",
            *_CARE,
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

_CARE = (
    "## Whose words these are",
    "",
    "The texts were written by people, many of them children. Users, sessions and devices are named in `user_id`,",
    "`session_id`, `device_id` and in the metadata, and texts may name persons. Whoever passes this on answers for it.",
)


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
