"""Questions in SQL get the answer that the records give."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from records import LATER, a_graph, a_record, a_run_of_hops

from exporters import ParquetSink, compact
from exporters.asking.answers import ask
from exporters.asking.sources import open_store
from exporters.dataset import make_dataset
from exporters.errors import WrongQuestion
from exporters.privacy.way_out import open_way_out
from exporters.storage.reading.sql import add_views, connect, new_connection
from exporters.storage.tables.columns import TABLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "storage-strategy.md"


@pytest.fixture
def data_dir(tmp_path):
    """Runs, revisions, repeated writes and what a crash left, half of it compacted."""
    sink = ParquetSink(tmp_path)
    shorter = a_run_of_hops("a long text to begin with", *"abcdef", metadata={"graph": a_graph(), "mood": "fine"})
    first = dataclasses.replace(shorter, items=shorter.items[:3], status="interrupted")
    longer = a_run_of_hops("a", *"bcdef", "a text that grew")
    few = a_run_of_hops("a long text", "a", "b")
    other = dataclasses.replace(a_run_of_hops("a long text", *"abcdef"), config_name="dada")
    sink.write_all([first, longer, few])
    compact(tmp_path, before=LATER)
    for record in (dataclasses.replace(shorter, revision=2), other, longer):
        sink.write(record)
    lost = a_run_of_hops("a long text", *"abcdef")
    sink.write(lost)
    min(tmp_path.glob(f"executions/date=*/{lost.trace_id[:8]}*")).unlink()
    return tmp_path


def test_views_show_every_run_once_in_its_highest_revision(data_dir):
    """Superseded revisions, repeated writes and orphans are invisible, before compaction and after."""
    for _ in range(2):
        database = connect(data_dir)
        assert database.sql("select count(*) from executions").fetchall() == [(4,)]
        assert database.sql("select count(*) from items").fetchall() == [(8 + 8 + 4 + 8,)]
        assert database.sql("select count(*) from blobs").fetchall() == [(1,)]
        assert database.sql("select count(*) from executions where revision = 2").fetchall() == [(1,)]
        compact(data_dir, before=LATER)


class Overtaken:
    """A connection before whose nth statement something else happens to the store, as other processes do it."""

    def __init__(self, connection, before, happens):
        self._connection, self._before, self._happens = connection, before, happens
        self.statements = 0

    def execute(self, *arguments):
        self.statements += 1
        if self.statements == self._before:
            self._happens()
        return self._connection.execute(*arguments)

    def __getattr__(self, name):
        return getattr(self._connection, name)


@pytest.mark.parametrize("before", range(1, 7))
def test_views_are_made_beside_a_compaction(data_dir, before):
    """Whenever the files go between the listing and the last view: they are listed again, and nothing is missing."""
    database = Overtaken(new_connection(data_dir), before, lambda: compact(data_dir, before=LATER))
    add_views(database, data_dir)
    assert database.statements > before
    assert database.sql("select count(*) from executions").fetchall() == [(4,)]
    assert database.sql("select count(*) from items").fetchall() == [(8 + 8 + 4 + 8,)]
    assert database.sql("select count(*) from blobs").fetchall() == [(1,)]


def test_what_goes_each_time_is_said_at_last(data_dir):
    """A store that changes faster than anybody reads: the error names the file."""

    def change():
        compact(data_dir, before=LATER)
        ParquetSink(data_dir).write(a_run_of_hops("a", "b"))
        database._before += 1

    database = Overtaken(new_connection(data_dir), 1, change)
    with pytest.raises(duckdb.IOException, match="No files found"):
        add_views(database, data_dir)


def test_a_file_that_went_since_is_said_so(data_dir):
    """Whoever asks late learns what became of the files."""
    with open_store(data_dir, open_way_out(data_dir)) as asked:
        compact(data_dir, before=LATER)
        ParquetSink(data_dir).write(a_run_of_hops("a", "b"))
        with pytest.raises(WrongQuestion, match=r"parquet has gone since it was opened"):
            ask(asked.connection, "select count(*) from items where position = 3")


def test_what_a_write_has_not_finished_is_in_no_view(data_dir):
    """It may go any moment; a question does not stumble over it."""
    lost = a_run_of_hops("another", *"abcdef", metadata={"graph": a_graph()})
    ParquetSink(data_dir).write(lost)
    min(data_dir.glob(f"executions/date=*/{lost.trace_id[:8]}*")).unlink()
    database = connect(data_dir)
    left = list(data_dir.glob(f"*/date=*/{lost.trace_id[:8]}*"))
    assert len(left) == 2
    for path in left:
        path.unlink()
    assert database.sql("select count(*) from items").fetchall() == [(8 + 8 + 4 + 8,)]
    assert database.sql("select count(*) from blobs").fetchall() == [(1,)]


def test_the_queries_of_the_document_run(data_dir):
    """Every SQL block of docs/storage-strategy.md is run; that about runs that got shorter finds the one that did."""
    dataset = make_dataset(data_dir, data_dir / "dataset").path
    database = connect(data_dir)
    queries = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(queries) >= 4

    placed = [query.replace("DATA/", f"{data_dir}/").replace("'dataset/", f"'{dataset}/") for query in queries]
    answers = [database.sql(query).fetchall() for query in placed]
    assert [row[1:] for row in answers[0]] == [(6, 25, 1)]


def test_an_empty_directory_answers_with_no_rows(tmp_path):
    """Before the first run, queries work and find nothing."""
    for table, columns in TABLES.items():
        relation = connect(tmp_path).sql(f"select * from {table}")
        assert relation.columns == [*(column.name for column in columns), "date"]
        assert relation.fetchall() == []


def test_the_codebook_says_every_column_in_file_and_footer(tmp_path):
    """CSV, JSON and the files' own metadata describe the same columns; the document names them all."""
    import csv
    import json

    ParquetSink(tmp_path).write(a_record(metadata={"graph": a_graph()}))
    listed = {(row["table"], row["column"]) for row in csv.DictReader((tmp_path / "codebook.csv").open())}
    book = json.loads((tmp_path / "codebook.json").read_text())

    for table, columns in TABLES.items():
        schema = pq.read_schema(next(tmp_path.glob(f"{table}/date=*/*.parquet")))
        assert schema.metadata[b"otel_tracking.schema_version"] == book["schema_version"].encode()
        for column in columns:
            assert (table, column.name) in listed
            assert schema.field(column.name).metadata[b"description"].decode() == column.description
            assert book["tables"][table][column.name]["description"] == column.description
            assert f"`{column.name}`" in DOCUMENT.read_text()


def test_importing_the_package_imports_nothing_heavy():
    """Whoever only lists formats does not wait for pyarrow."""
    from children import run_python

    program = "import sys, exporters; exporters.FORMATS; print(sorted({'pyarrow', 'duckdb'} & set(sys.modules)))"
    assert run_python(program).strip() == "[]"


def test_what_does_not_fit_into_memory_goes_below_the_data_directory(data_dir, tmp_path, monkeypatch):
    """Not into the working directory, where it may be read by others, or lead wherever they have put a link to."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    connection = connect(data_dir)
    connection.execute("set memory_limit = '20MB'; set threads = 1")
    connection.execute("create temp table many as select range as a, md5(range::text) as b from range(2_000_000)")
    assert list((data_dir / ".duckdb").iterdir())
    assert list(elsewhere.iterdir()) == []
