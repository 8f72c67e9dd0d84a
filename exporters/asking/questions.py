"""Let through one statement that only reads, and only the views it may read.

DuckDB itself refuses files, network, extensions and settings (`sources.py` locks the connection). What it would still
allow is looked for here, in the statement as DuckDB understands it: the files of the views themselves hold runs that
may not leave, and a table in memory would be gone with the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from exporters.asking.complaints import in_our_words
from exporters.errors import WrongQuestion

if TYPE_CHECKING:
    import duckdb

FUNCTIONS = frozenset({"generate_series", "json_each", "json_tree", "range", "repeat", "unnest"})
"""The functions that may stand in FROM: they make rows of what they are given, and open nothing."""

_MAY = "a question may be one statement that reads: select, with, from, values, describe, summarize, show tables"
_OF_A_FILE = frozenset("/\\.*?:[")
"""Signs of names that DuckDB takes for files."""


def check_question(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise `WrongQuestion` for what is not one statement that reads views alone."""
    with in_our_words(sql):
        statements = connection.extract_statements(sql)
    if len(statements) != 1:
        said = f"{len(statements)} statements were given" if statements else "nothing was asked"
        raise WrongQuestion(f"{said}; {_MAY}")
    kind = statements[0].type.name
    if kind == "MULTI":
        raise WrongQuestion("a pivot has to name its columns: pivot items on stage in (1, 2) using count(*) would work")
    if kind != "SELECT":
        raise WrongQuestion(f"this is {_named(kind)}, and nothing may be changed or opened; {_MAY}")
    _check_sources(_tree(connection, sql))


def _named(kind: str) -> str:
    """The kind of a statement in words.

    >>> _named("COPY"), _named("ATTACH")
    ('a copy statement', 'an attach statement')
    """
    word = kind.lower().replace("_", " ")
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word} statement"


def _tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The statement as DuckDB understands it."""
    [(text,)] = connection.execute("select json_serialize_sql(?::varchar)", [sql]).fetchall()
    tree = json.loads(text)
    if tree.get("error"):
        raise WrongQuestion(f"this statement cannot be looked into ({tree.get('error_message')}); {_MAY}")
    return tree


def _check_sources(tree: Any) -> None:
    made = {entry["key"] for node in _nodes(tree) for entry in _entries(node.get("cte_map"))}
    for node in _nodes(tree):
        name = str((node.get("function") or {}).get("function_name", "")).lower()
        if node.get("type") == "TABLE_FUNCTION" and name not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS))
            raise WrongQuestion(f"{name} cannot be asked here: only the views are read. In FROM there may be {known}")
        table = str(node.get("table_name", ""))
        if node.get("type") == "BASE_TABLE" and table not in made and _OF_A_FILE.intersection(table):
            raise WrongQuestion(f"{table!r:.80} is a file, and only the views are read; otel-tracking ask --tables")


def _entries(made: Any) -> Iterator[Any]:
    """The names that a WITH makes."""
    yield from made.get("map", ()) if isinstance(made, dict) else ()


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every part of a statement, in no recursion: a statement may be nested as deep as somebody likes."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
