"""Write an answer for another program, row after row: one row of `ANSWERS` for each form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from exporters.asking.answers import SqlAnswer, plain
from exporters.errors import UnknownFormat, listed, suggest
from exporters.formats.csv_cells import CsvFile, cell_of
from exporters.formats.markdown.text import cell
from otel_tracking import canonical

WriteAnswer = Callable[[SqlAnswer, BinaryIO], int]


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """How an answer becomes a file of this media type; `write` says how many rows it had."""

    media_type: str
    suffix: str
    write: WriteAnswer


def write_csv(answer: SqlAnswer, file: BinaryIO) -> int:
    """A table for spreadsheets (`formats/csv_cells.py`), whose cells are text, numbers and times."""
    with CsvFile(file, [cell_of(name) for name in answer.columns]) as table:
        return _counted(answer, lambda row: table.write([map(_cell, row)]))


def _cell(value: Any) -> str:
    said = plain(value)
    # A time is meant as one: what a spreadsheet makes of it is what it says.
    return said if isinstance(said, str) and not isinstance(value, str) else cell_of(said)


def write_jsonl(answer: SqlAnswer, file: BinaryIO) -> int:
    """A line of canonical JSON for each row, its values by the names of their columns."""
    return _counted(answer, lambda row: file.write(f"{_object(answer, row)}\n".encode()))


def write_json(answer: SqlAnswer, file: BinaryIO) -> int:
    """One JSON document: the columns with their types, and the rows."""
    kinds = zip(answer.columns, answer.kinds, strict=True)
    columns = canonical.dumps([{"name": name, "type": kind} for name, kind in kinds])
    file.write(f'{{"columns":{columns},"rows":['.encode())
    comma = ""

    def write(row: tuple[Any, ...]) -> None:
        nonlocal comma
        file.write(f"{comma}{_object(answer, row)}".encode())
        comma = ","

    count = _counted(answer, write)
    file.write(b"]}\n")
    return count


def write_markdown(answer: SqlAnswer, file: BinaryIO) -> int:
    """A table for papers and wikis; numbers stand to the right."""
    sides = ["---:" if _is_number(field.type) else "---" for field in answer.schema]
    file.write(f"| {' | '.join(map(cell, answer.columns))} |\n|{'|'.join(sides)}|\n".encode())
    return _counted(answer, lambda row: file.write(f"| {' | '.join(map(_shown, row))} |\n".encode()))


def _shown(value: Any) -> str:
    said = plain(value)
    return "" if said is None else cell(said)


def write_parquet(answer: SqlAnswer, file: BinaryIO) -> int:
    """A Parquet file, zstd; columns keep their types."""
    import pyarrow.parquet as pq

    # Beside a null nothing stands that other programs could read.
    fields = [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in answer.schema]
    schema, count = pa.schema(fields), 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in answer.batches:
            writer.write_batch(batch.cast(schema))
            count += batch.num_rows
    return count


ANSWERS: dict[str, AnswerFormat] = {
    "csv": AnswerFormat("text/csv", ".csv", write_csv),
    "json": AnswerFormat("application/json", ".json", write_json),
    "jsonl": AnswerFormat("application/jsonl", ".jsonl", write_jsonl),
    "markdown": AnswerFormat("text/markdown", ".md", write_markdown),
    "parquet": AnswerFormat("application/vnd.apache.parquet", ".parquet", write_parquet),
}


def answer_format(name: str, also: Iterable[str] = ()) -> AnswerFormat:
    """The form of that name; `UnknownFormat` names those there are, and what there is `also` where it is asked for."""
    if name not in ANSWERS:
        known = sorted((*ANSWERS, *also))
        offer = f"{suggest(name, known)} There are: {listed(known)}"
        raise UnknownFormat(f"no answer is written as {name!r:.40}.{offer}")
    return ANSWERS[name]


def format_of_file(path: Path) -> str:
    """The name of the form that a file's ending says; `UnknownFormat` where it says none.

    >>> format_of_file(Path("hops.md"))
    'markdown'
    """
    for name, form in ANSWERS.items():
        if path.suffix.lower() == form.suffix:
            return name
    endings = listed([form.suffix for form in ANSWERS.values()])
    raise UnknownFormat(f"the ending of {path.name!r:.60} says nothing of a form; {endings} would work, or --format")


def _counted(answer: SqlAnswer, write: Callable[[tuple[Any, ...]], object]) -> int:
    count = 0
    for row in answer.rows():
        write(row)
        count += 1
    return count


def _object(answer: SqlAnswer, row: tuple[Any, ...]) -> str:
    return canonical.dumps(dict(zip(answer.columns, map(plain, row), strict=True)))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
