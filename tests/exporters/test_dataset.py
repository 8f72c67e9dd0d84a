"""A dataset: the same runs and the same query give the same bytes, and what is in it is what was recorded."""

import csv
import datetime as dt
import hashlib
import json
import subprocess

import duckdb
import pyarrow.parquet as pq
import pytest
from records import NOON, a_record, a_run_of_hops, an_item

from exporters import ParquetSink, compact
from exporters.dataset import make_dataset
from exporters.errors import NotWritable
from otel_tracking import ItemType

HOPS = ("Eine Blume", "A flower", "Una flor", "A bloom")


def store(data_dir, *records):
    sink = ParquetSink(data_dir)
    for record in records:
        sink.write(record)
    return data_dir


def content_of(dataset):
    return content_below(dataset.path)


def content_below(directory):
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def rows_of(dataset, table):
    return pq.read_table(dataset.path / f"{table}.parquet").to_pylist()


@pytest.fixture
def records():
    graph = {str(number): {"class_type": "KSampler", "inputs": {"text": "x" * 400}} for number in range(40)}
    return (
        a_run_of_hops(*HOPS),
        a_record(config_name="bauhaus", items=[an_item(item_type=ItemType.OUTPUT_IMAGE, metadata={"workflow": graph})]),
        a_record(timestamp=NOON + dt.timedelta(days=2), config_name="dada"),
    )


def test_the_same_runs_give_the_same_bytes_in_whatever_order_and_files_they_were_stored(tmp_path, records):
    here = make_dataset(store(tmp_path / "a", *records), tmp_path / "one")
    there = store(tmp_path / "b", *reversed(records))
    compact(there, before=dt.date(2027, 1, 1))
    again = make_dataset(there, tmp_path / "two")
    assert content_of(here) == content_of(again)
    assert here.identifier == again.identifier


def test_a_query_chooses_runs_and_is_written_down(tmp_path, records):
    made = make_dataset(store(tmp_path / "data", *records), tmp_path / "out", config_name="bauhaus")
    assert made.rows == {"executions": 1, "items": 1, "journeys": 0, "blobs": 1}
    assert [row["config_name"] for row in rows_of(made, "executions")] == ["bauhaus"]
    assert json.loads((made.path / "query.json").read_bytes())["query"] == {"config_name": "bauhaus"}
    [blob] = rows_of(made, "blobs")
    assert hashlib.sha256(blob["text"].encode()).hexdigest() == blob["sha256"]
    assert blob["sha256"] in rows_of(made, "items")[0]["metadata_json"]


def test_a_journey_has_a_row_for_each_step_of_a_text_and_says_whether_it_is_chained(tmp_path):
    broken = a_run_of_hops(*HOPS)
    torn = a_record(items=[*broken.items[:2], an_item(stage_iteration=2, content="Una flor", input_text="Eine Blume")])
    made = make_dataset(store(tmp_path / "data", broken, torn), tmp_path / "out")
    steps = sorted(
        ((row["execution_id"], row["step"]), row["input_text"], row["content"], row["is_chained"])
        for row in rows_of(made, "journeys")
    )
    assert [step[1:] for step in steps] == [
        (None, "Eine Blume", None),
        ("Eine Blume", "A flower", True),
        ("A flower", "Una flor", True),
        ("Una flor", "A bloom", True),
        (None, "A bloom", None),
        (None, "Eine Blume", None),
        ("Eine Blume", "A flower", True),
        ("Eine Blume", "Una flor", False),
    ]


def test_only_the_highest_revision_of_a_run_is_in_it(tmp_path):
    first = a_record()
    data_dir = store(tmp_path / "data", first, a_record(**{**_head(first), "revision": 2, "items": [an_item()] * 3}))
    made = make_dataset(data_dir, tmp_path / "out")
    assert (made.rows["executions"], made.rows["items"]) == (1, 3)


def test_spreadsheets_get_the_same_rows_and_nothing_that_calculates(tmp_path):
    hostile = a_record(items=[an_item(content="=HYPERLINK(1)"), an_item(content="x\x00y"), an_item(content="\ud800")])
    made = make_dataset(store(tmp_path / "data", hostile), tmp_path / "out")
    text = (made.path / "items.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["content"] for row in rows] == ["'=HYPERLINK(1)", "x␀y", ""]
    assert rows[2]["exact_json"] == r'{"content":{"$str":"\\ud800"}}'


def test_checksums_can_be_checked_and_everything_is_private(tmp_path, records):
    made = make_dataset(store(tmp_path / "data", *records), tmp_path / "out")
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=made.path, check=True)
    assert {path.stat().st_mode & 0o077 for path in (made.path, *made.path.iterdir())} == {0}


def test_the_readme_s_query_runs(tmp_path, monkeypatch):
    made = make_dataset(store(tmp_path / "data", a_run_of_hops(*HOPS)), tmp_path / "out")
    query = (made.path / "README.md").read_text().split("```sql\n")[1].split("```")[0]
    monkeypatch.chdir(made.path)
    assert duckdb.sql(query).fetchall() == [(1, 8.0), (2, 8.0), (3, 7.0)]


@pytest.mark.parametrize("there", ["something else", "a dataset"])
def test_what_is_there_already_is_not_overwritten_unasked(tmp_path, records, there):
    data_dir, out = store(tmp_path / "data", *records), tmp_path / "out"
    if there == "a dataset":
        make_dataset(data_dir, out)
    else:
        out.mkdir()
        (out / "thesis.docx").write_bytes(b"years of work")
    before = content_below(out)
    with pytest.raises(NotWritable):
        make_dataset(data_dir, out, config_name="dada")
    assert content_below(out) == before
    if there == "a dataset":
        assert make_dataset(data_dir, out, replace=True, config_name="dada").rows["executions"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]


def _head(record):
    return {name: getattr(record, name) for name in ("execution_id", "trace_id", "timestamp", "config_name")}
