"""The README of a dataset: what is in it, how it was chosen, how to read it and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from exporters.dataset.about import About, Description, software
from exporters.dataset.authors import Author
from exporters.dataset.licences import NONE_YET, Licence
from exporters.measures.drift import MeasureSource
from exporters.privacy.way_out import kept_back_in_words
from otel_tracking.record import SCHEMA_VERSION
from otel_tracking.taxonomy import TAXONOMY_VERSION

__all__ = ["ROWS", "Description", "readme"]

ROWS = {
    "executions": "one row per run: configuration, outcome, times, every span with what was passed to its backend",
    "items": "one row per logged item: texts, verdicts, outputs, each with every parameter",
    "journeys": "one row per step of a text: what went in, what came out, in which languages, by which engine",
    "blobs": 'large parts of the JSON columns (workflow graphs), once per run; `{"$blob":"<sha256>"}` refers to them',
    "annotations": "one row per run of which researchers said something since: marks, a note, variables of their own",
}


def readme(about: About, files: Mapping[str, str]) -> str:
    """The text of `README.md`; `files` are those beside the tables, each with what it is."""
    rows, span = about.rows, about.span
    first, last = map(_minutes, span) if span else ("", "")
    chosen = [f"- {name}: `{value}`" for name, value in about.query.items()] or ["- all runs that were stored"]
    tables = [
        f"| `{name}.parquet` | {count:,} | {ROWS[name]} |" for name, count in rows.items() if count or name != "blobs"
    ]
    return "\n".join(
        [
            f"# {about.description.title}",
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
            *_files(about, files),
            "",
            *_HOW_TO_READ,
            "",
            *_measured(about.measures),
            *_cite(about, first, last),
            "",
            *_care(about.privacy),
            "",
            f"Made with otel-tracking {software()}, schema {SCHEMA_VERSION}, taxonomy {TAXONOMY_VERSION}.",
            "The same runs and the same query give the same bytes.",
            "",
        ]
    )


def _files(about: About, files: Mapping[str, str]) -> list[str]:
    media = f"| `media/` | {about.media:,} pictures, sounds and films; rows of `items` name them in `file_path` |"
    told = "each run, stage by stage" if about.told.is_whole else "runs of a configuration together: they are many"
    return [
        "| beside them | |",
        "|---|---|",
        *([media] if about.media else []),
        *(f"| `{name}` | {said} |" for name, said in files.items()),
        "",
        f"`ro-crate-metadata.json` tells {told}.",
    ]


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


def _measured(sources: Sequence[MeasureSource]) -> list[str]:
    """Which library in which version gave the figures of drift."""
    if not sources:
        return []
    rows = [
        f"| `{one.measure}_to_…` | {one.library} {one.version}".rstrip() + f" | {one.described_by} |" for one in sources
    ]
    head = ("## How drift was measured", "", "| columns of journeys | by | described by |", "|---|---|---|")
    return [*head, *rows, ""]


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


def _cite(about: About, first: str, last: str) -> list[str]:
    """How to cite: what is not known stands in angle brackets, to be filled in before publishing."""
    description = about.description
    authors = "; ".join(_author(author) for author in description.people) or "<authors>"
    period = f"{first[:10]} to {last[:10]}" if first else "<period>"
    return [
        "## How to cite it",
        "",
        f"> {authors} ({last[:4] or '<year>'}): {description.title}, {period} [dataset]. Recorded with otel-tracking",
        f"> {software()}. Identifier: the sha256 of `SHA256SUMS`.",
        "",
        f"Licence: {_licence(description.terms)}",
    ]


def _author(author: Author) -> str:
    return f"{author.name} ({author.orcid})" if author.orcid else author.name


def _licence(terms: Licence | None) -> str:
    if terms is None:
        return f"none. {NONE_YET}"
    return f"[{terms.name}]({terms.url})" if terms.url and terms.url != terms.name else terms.name


def _minutes(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
