"""Say in one sentence what DuckDB has against a question, where, and what was perhaps meant."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from exporters.errors import WrongQuestion, suggest

_INTERRUPTED = "Query interrupted"
_GONE = re.compile(r'(?:No files found|Cannot access file) [^"]*"(?P<path>[^"]*?\.parquet)[/"]')
"""A view's file that is not there any more: DuckDB then looks for a directory of that name, which it may not."""


@contextlib.contextmanager
def in_our_words(sql: str = "", *, before: int = 0) -> Iterator[None]:
    """Trouble of DuckDB in the block is a `WrongQuestion`, which says the place in `sql`; Ctrl-C stays Ctrl-C.

    `before` is how many bytes DuckDB was given before `sql`.
    """
    import duckdb
    import pyarrow as pa

    try:
        yield
    except RuntimeError as trouble:
        if _INTERRUPTED in str(trouble):
            raise KeyboardInterrupt from None
        raise
    except (duckdb.Error, pa.ArrowException) as trouble:
        raise WrongQuestion(_sentence(str(trouble), sql, before)) from None


def _sentence(message: str, sql: str, before: int) -> str:
    kind, _, rest = message.partition(": ")
    said = _facts(rest)
    if said is None:
        return message.splitlines()[0] if message else "DuckDB cannot answer this"
    first = str(said.get("exception_message", "")).splitlines()[0].rstrip(" .!")
    if gone := _GONE.match(first):
        return f"{kind}: {gone['path']} has gone since it was opened, compacted or erased perhaps: ask again."
    return f"{kind}: {first}{_place(said, sql, before)}.{_meant(said)}"


def _facts(text: str) -> dict[str, Any] | None:
    """What DuckDB says of an error (`errors_as_json`); None where that is no object."""
    try:
        said = json.loads(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _place(said: dict[str, Any], sql: str, before: int) -> str:
    r"""Where it is, in lines and columns from 1; DuckDB counts bytes.

    >>> _place({"position": "22"}, "select 'ä',\n foo", len("explain "))
    ' (line 2, column 2)'
    """
    try:
        place = int(said["position"]) - before
    except (KeyError, ValueError):
        return ""
    read = sql.encode("utf-8", "surrogatepass")[: max(place, 0)].decode("utf-8", "replace")
    return f" (line {read.count(chr(10)) + 1}, column {len(read) - read.rfind(chr(10))})" if sql else ""


def _meant(said: dict[str, Any]) -> str:
    known = [one.strip().rpartition(".")[2] for one in str(said.get("candidates", "")).split(",") if one.strip()]
    name = str(said.get("name", ""))
    if said.get("type") == "Table":
        # The nearest that DuckDB knows may be a table of its own.
        return suggest(name, known) or " otel-tracking ask --tables lists those there are."
    return suggest(name, known) or (f" Did you mean {known[0]}?" if known and said.get("type") else "")
