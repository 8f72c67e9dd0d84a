"""Spark, DuckDB and polars read the same tables, and give the same answers to ten questions of researchers.

The views and the questions are those of the documentation, in words of SQL that all three understand.
"""

import json
import re
import subprocess
import sys
from dataclasses import replace

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from real_servers import ROOT, built

sys.path += [str(ROOT / "tests" / name) for name in ("exporters", "cli", "delta")]

from records import a_graph, a_picture, a_record, a_run_of_hops, an_item

from exporters.delta.erasing import TableRows
from exporters.delta.ledger import DeltaLedger
from exporters.delta.tables import DeltaStore
from exporters.delta.upkeep import keep_up
from otel_tracking import ItemType
from otel_tracking.erasure import RunId

PAGE = (ROOT / "docs" / "scaling.md").read_text("utf-8").partition("## Asking the tables")[2].partition("\n## ")[0]
STATEMENTS = [one.strip() for block in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL) for one in block.split(";")]
VIEWS = [one for one in STATEMENTS if one.lower().startswith("create")]
QUESTIONS = [one for one in STATEMENTS if one and one not in VIEWS]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Runs of two classes, two revisions of one, a run that was erased, files that were joined, half a write."""
    place = tmp_path_factory.mktemp("tables")
    ledger = DeltaLedger(DeltaStore(str(place)), "otlp_spans")
    ledger.open([0])
    hops = [
        a_run_of_hops(
            f"Eine Blume {number}", f"A flower {number}", f"Una flor {number}", session_id=f"5{'ab'[number % 2]}"
        )
        for number in range(12)
    ]
    hops = [replace(run, total_execution_time=number / 4, study_id="garden") for number, run in enumerate(hops)]
    others = [
        a_picture(b"\x89PNG", session_id="5a", study_id="garden"),
        a_record(items=[an_item(item_type=ItemType.OUTPUT_IMAGE, metadata={"graph": a_graph()})], config_name=["odd"]),
        a_record(status="error", error={"error_message": "no"}, session_id="5b"),
    ]
    gone = a_run_of_hops("Weg", "Gone")
    writes = [*hops, *others, gone, replace(hops[0], revision=2, late_spans=1)]
    for offset, record in enumerate(writes, start=1):
        assert not ledger.commit([ledger.prepare(replace(record, attachments={}))], {0: offset}, [])
    store = DeltaStore(str(place))
    list(
        TableRows(store, "0e3a05610e3a0561").erase(frozenset({RunId(gone.execution_id, gone.trace_id)}), lambda _: None)
    )
    keep_up(store)
    assert not ledger.commit([ledger.prepare(a_run_of_hops("Neu", "New"))], {0: 99}, [])
    return place


@pytest.fixture(scope="module")
def of_spark(tables, tmp_path_factory):
    asked = tmp_path_factory.mktemp("asked") / "questions.json"
    asked.write_text(json.dumps({"views": VIEWS, "questions": QUESTIONS}), "utf-8")
    command = [built("get_spark.sh"), ROOT / "tests" / "scale" / "ask_spark.py", tables, asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    [line] = [line for line in done.stdout.splitlines() if line.startswith("ANSWERS ")]
    return json.loads(line.removeprefix("ANSWERS "))


@pytest.fixture(scope="module")
def duck(tables):
    connection = duckdb.connect()
    for name in ("executions", "items", "blobs"):
        connection.register(f"all_{name}", DeltaTable(str(tables / name)).to_pyarrow_dataset())
    for view in VIEWS:
        connection.execute(view.replace("temporary view", "temp view"))
    return connection


@pytest.fixture(scope="module")
def bear(tables):
    frames = {f"all_{name}": pl.scan_delta(str(tables / name)) for name in ("executions", "items", "blobs")}
    context = pl.SQLContext(frames)
    for view in VIEWS:
        name, _, query = re.sub(r"\s+", " ", view).partition(" as ")
        context.register(name.rsplit(" ", 1)[1], context.execute(query))
    return context


def plain(rows):
    """As JSON has it, numbers that are whole as whole numbers."""
    return json.loads(json.dumps([[_plain(value) for value in row] for row in rows], default=str))


def _plain(value):
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return value if number is None else round(number, 6)


def test_there_are_ten_questions():
    assert len(QUESTIONS) == 10
    assert len(VIEWS) == 2


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_all_three_say_the_same(of_spark, duck, bear, number):
    question = QUESTIONS[number]
    by_spark, by_duck = plain(of_spark[number]), plain(duck.execute(question).fetchall())
    by_bear = plain(bear.execute(question).collect().rows())
    assert by_spark == by_duck == by_bear
    assert by_spark, "a question without an answer shows nothing"


def test_what_counts_is_the_highest_revision(duck):
    assert duck.execute("select count(*), count(distinct trace_id) from executions").fetchone() == (16, 16)
