"""`otel-tracking ask`: questions in SQL."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from devserver.audit import Act, Audit, this_user
from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.kept_back import kept_back_as_dict, say_kept_back
from devserver.cli.options import json_option, refuse
from devserver.cli.output import print_json
from devserver.cli.showing.answers import show_answer, show_views
from devserver.cli.showing.text import count
from devserver.cli.streams import say
from devserver.cli.tables import reads_tables, table_options
from exporters.asking.answers import SqlAnswer, ask, plain
from exporters.asking.saving import note_answer, save_answer
from exporters.asking.sources import Asked, open_dataset, open_store, views_of
from exporters.asking.written import ANSWERS, answer_format, format_of_file
from exporters.privacy.way_out import WayOut, open_way_out
from exporters.storage.reading.crowded_days import told_of_crowds

TABLE = "table"
_SHOWN = 50
"""Rows of a table, where nobody says how many."""


@click.command("ask")
@click.argument("sql", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path), metavar="FILE", help="Read the question from there.")
@click.option(
    "--tables", "is_about_tables", is_flag=True, help="List what can be asked: views, columns, their meaning."
)
@click.option(
    "--dataset",
    "dataset",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Ask a dataset instead of the data directory.",
)
@click.option("--format", "format_name", metavar="NAME", help=f"How to answer: {TABLE}, {', '.join(ANSWERS)}.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the answer there.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help=f"At most N rows; a table has {_SHOWN} otherwise."
)
@table_options
@json_option
@reads_tables()
def command(
    sql: str | None,
    file: Path | None,
    is_about_tables: bool,
    dataset: Path | None,
    format_name: str | None,
    out: Path | None,
    limit: int | None,
    data_dir: Path,
    as_json: bool,
) -> int:
    """Ask the stored runs, or a dataset, one question in SQL (DuckDB's). A single - reads it from standard input.

    The views are executions, items, journeys (a row for each step of a text) and blobs; --tables describes them. In
    them are the runs that may leave: those without consent are counted, and in no answer. Nothing can be changed, no
    file be read or written and nothing be fetched by a question; --out writes the answer.

    Without --format the ending of --out says the form; without either the answer is a table with its first rows.
    """
    name = _format(format_name, out, as_json=as_json)
    if is_about_tables == (sql is not None or file is not None):
        raise refuse("give a question, or --tables: otel-tracking ask 'select count(*) from items' would work.")
    question = "" if is_about_tables else _question(sql, file)
    way_out = None if dataset else open_way_out(data_dir)
    if dataset is None and (told := told_of_crowds(data_dir)):
        complain(told)
    with _opened(dataset, data_dir, way_out) as source:
        if is_about_tables:
            _tell_views(source, as_json=as_json)
            return 0
        answer = ask(source.connection, question)
        answer = answer if limit is None or name == TABLE else answer.first(limit)
        if out is not None:
            rows = save_answer(answer, out, name, source, way_out)
            _tell_saved(out, name, rows, source, way_out, as_json=as_json)
        elif as_json:
            print_json({**_as_dict(answer), **_about(source, way_out)})
        elif name == TABLE:
            show_answer(answer, limit or _SHOWN, is_chosen=limit is not None)
        else:
            _to_stdout(answer, name, source, way_out)
        if way_out and name != TABLE and not as_json:
            Audit(data_dir).note(Act.EXPORT, this_user(), executions=len(source.runs), format=f"answer {name}")
    return _complain(source, way_out)


def _opened(dataset: Path | None, data_dir: Path, way_out: WayOut | None) -> AbstractContextManager[Asked]:
    if dataset is not None:
        return open_dataset(dataset)
    return open_store(data_dir, way_out or open_way_out(data_dir))


def _question(sql: str | None, file: Path | None) -> str:
    if sql is not None and file is not None:
        raise refuse("one question at a time: SQL, or --file FILE.")
    content = (
        sys.stdin.buffer.read() if sql == "-" else file.read_bytes() if file else (sql or "").encode("utf-8", "replace")
    )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse("a question is text in UTF-8, and this is none.") from None


def _format(name: str | None, out: Path | None, *, as_json: bool) -> str:
    """How to answer: as was said, as the ending of the file says, else as a table."""
    if out is not None:
        found = name or format_of_file(out)
        if found == TABLE:
            raise refuse("a table is for a terminal; --format markdown would write one.")
        answer_format(found)
        return found
    if as_json and name is not None:
        raise refuse("--json is a form of its own: leave out --format, or say where the answer goes: --out FILE.")
    if name not in (None, TABLE):
        answer_format(str(name), also=(TABLE,))
    return name or TABLE


def _tell_views(source: Asked, *, as_json: bool) -> None:
    views = views_of(source)
    if not as_json:
        show_views(views)
        return
    said = {
        view: [{"name": column.name, "type": column.kind, "meaning": column.meaning} for column in columns]
        for view, columns in views.items()
    }
    print_json({"views": said})


def _as_dict(answer: SqlAnswer) -> dict[str, Any]:
    kinds = zip(answer.columns, answer.kinds, strict=True)
    return {
        "columns": [{"name": name, "type": kind} for name, kind in kinds],
        "rows": [dict(zip(answer.columns, map(plain, row), strict=True)) for row in answer.rows()],
    }


def _about(source: Asked, way_out: WayOut | None) -> dict[str, Any]:
    """For programs: what is in no answer."""
    return {**kept_back_as_dict(way_out), "damaged": damages_as_dicts(source.damages)} if way_out else {}


def _tell_saved(out: Path, name: str, rows: int, source: Asked, way_out: WayOut | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"path": str(out), "format": name, "rows": rows, **_about(source, way_out)})
    else:
        say(f"{out}: {count(rows, 'row')}")


def _to_stdout(answer: SqlAnswer, name: str, source: Asked, way_out: WayOut | None) -> None:
    form = answer_format(name)
    if sys.stdout.isatty() and name == "parquet":
        raise refuse("Parquet is not for a terminal: --out FILE would work.")
    if way_out:
        note_answer(name, source, way_out)
    form.write(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _complain(source: Asked, way_out: WayOut | None) -> int:
    """What is in no answer, on stderr; the exit code."""
    if way_out is None:
        return 0
    say_kept_back(way_out, err=True)
    complain_of(source.damages)
    for trouble in way_out.troubles:
        complain(trouble)
    return FAILED if source.damages or way_out.troubles else 0
