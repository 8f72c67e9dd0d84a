"""What an earlier version wrote is read by this one, to the byte. tests/samples/README.md says what it is."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import json
import shutil
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow.parquet as pq
import pytest

from devserver.verify import is_right, verify
from exporters import (
    FORMATS,
    ParquetSink,
    compact,
    connect,
    each_execution,
    find_execution,
    find_run,
    import_record,
    list_executions,
    read_records,
)
from exporters.collections import COLLECTIONS
from exporters.collections.making import make_collection
from exporters.dataset import make_dataset
from exporters.dataset.tables import TABLES as TABLES_OF_DATASETS
from exporters.formats.documents import render_document
from exporters.privacy.exports_ledger import ExportsLedger
from exporters.privacy.studies import studies
from exporters.privacy.way_out import open_way_out
from exporters.storage.reading.damage import Damages
from exporters.storage.tables.columns import TABLES
from exporters.storage.tables.schema import TYPES
from exporters.storage.upkeep.inspection import inspect_store
from exporters.storage.writing.media import load_media
from otel_tracking import ExecutionRecord, canonical

SAMPLES = Path(__file__).parents[1] / "samples"
VERSIONS = sorted(path.name.removeprefix("store_") for path in SAMPLES.glob("store_*"))
ERA_A = sorted((SAMPLES / "era_a").glob("*.json"))
LATER = dt.date(2100, 1, 1)


@pytest.fixture(autouse=True)
def no_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "no-keys"))


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def store(version, tmp_path):
    """A store as it was, which may be written to."""
    return shutil.copytree(SAMPLES / f"store_{version}", tmp_path / "store")


@pytest.fixture
def dataset(version):
    return SAMPLES / f"dataset_{version}"


@pytest.fixture
def written(version):
    """The canonical JSON of each record, by its execution id."""
    paths = (SAMPLES / f"records_{version}").glob("*.json.gz")
    return {path.name.removesuffix(".json.gz"): gzip.decompress(path.read_bytes()) for path in paths}


def as_it_was(record, text):
    """The canonical JSON of a record, of those fields alone that a text of an earlier version has."""
    old, now = json.loads(text), record.to_dict()
    kept = {name: now[name] for name in old}
    for part in ("items", "spans"):
        names = [list(entry) for entry in old[part]]
        kept[part] = [{name: entry[name] for name in has} for entry, has in zip(now[part], names, strict=True)]
    return canonical.dumps(kept).encode()


def assert_same(records, written):
    assert {record.execution_id: as_it_was(record, written[record.execution_id]) for record in records} == written


def number(database, query):
    [(counted,)] = database.sql(query).fetchall()
    return counted


class TestAStore:
    def test_its_records_are_those_that_were_written(self, store, written):
        assert_same(list(read_records(store)), written)

    def test_its_runs_are_found_in_every_way(self, store, written):
        rows = list_executions(store)
        each = list(each_execution(store, on_damage=Damages()))
        assert {row.execution_id for row in rows} == {row.execution_id for row in each} == {*written}
        for row in rows:
            assert find_execution(store, row.execution_id[-8:]) == row.execution_id
            assert find_run(store, row.trace_id) == row
            [record] = read_records(store, trace_id=row.trace_id, status=row.status, config_name=row.config_name)
            assert record.execution_id == row.execution_id
        assert {row.status for row in rows} == {"completed", "blocked", "error"}

    def test_its_columns_have_their_types_and_more_may_have_come(self, store):
        for table, columns in TABLES.items():
            kinds = {column.name: TYPES[column.kind] for column in columns}
            for path in store.glob(f"{table}/date=*/*.parquet"):
                was = pq.ParquetFile(path).schema_arrow
                assert {name: kinds.get(name) for name in was.names} == dict(zip(was.names, was.types, strict=True))

    def test_views_have_every_row(self, store, written):
        database = connect(store)
        items = sum(len(json.loads(text)["items"]) for text in written.values())
        counts = {name: number(database, f"select count(*) from {name}") for name in ("executions", "items", "blobs")}
        assert counts == {"executions": len(written), "items": items, "blobs": 1}
        assert number(database, "select count(distinct execution_id) from journeys where content is not null") >= 2
        assert database.sql("select * from damaged_files").fetchall() == []

    def test_nothing_of_it_is_wrong(self, store):
        assert list(inspect_store(store)) == []
        for record in read_records(store):
            assert is_right(verify(record, store))

    def test_it_is_compacted_with_what_is_new(self, store, written):
        old = [import_record(path) for path in ERA_A]
        sink = ParquetSink(store)
        for record in old:
            sink.write(record)
        report = compact(store, before=LATER)
        assert (report.damaged, report.executions) == ((), len(written) + len(old))
        kept = {record.execution_id: record for record in read_records(store)}
        assert [kept.pop(record.execution_id) for record in old] == old
        assert_same(kept.values(), written)

    def test_what_was_erased_stays_away(self, store, version):
        erased = json.loads((SAMPLES / f"records_{version}" / "erased.json").read_bytes())
        sink = ParquetSink(store)
        assert sink.is_erased(erased["execution_id"], None)
        assert sink.is_erased(None, erased["trace_id"])
        sink.write(ExecutionRecord(**erased, config_name="dada", timestamp=dt.datetime.now(dt.UTC)))
        assert (sink.refused, list(read_records(store, **erased))) == (1, [])

    def test_its_study_and_its_ledger_are_known(self, store):
        assert [study.name for study in studies(store)] == ["garden"]
        assert {export.kind for export in ExportsLedger(store).exports()} == {"dataset", "collection"}

    def test_runs_of_a_study_whose_key_is_gone_stay_here(self, store):
        way_out = open_way_out(store)
        kept = {row.study_id for row in list_executions(store) if not way_out.lets_out(row)}
        assert (kept, way_out.kept_back) == ({"garden"}, {"undecided": 1})


class TestWhatIsMadeOfIt:
    @pytest.mark.parametrize("name", FORMATS)
    def test_each_run_is_a_document(self, store, written, name):
        form = FORMATS[name]
        for record in read_records(store):
            document = render_document(record, form, data_dir=store)
            assert document
            if form.parse:
                assert as_it_was(form.parse(document), written[record.execution_id]) == written[record.execution_id]

    @pytest.mark.parametrize("name", COLLECTIONS)
    def test_they_are_a_collection(self, store, written, tmp_path, name):
        made = make_collection(store, tmp_path / "out", name)
        assert made.runs == len(written) - 1  # that of the study whose key is gone

    def test_they_are_a_dataset_that_says_what_it_said(self, store, dataset, tmp_path):
        make_dataset(store, tmp_path / "again", status="completed")
        for table in ("executions", "items"):
            was, now = (pq.read_table(where / f"{table}.parquet") for where in (dataset, tmp_path / "again"))
            here = set(now["execution_id"].to_pylist())
            old = [row for row in was.to_pylist() if row["execution_id"] in here]
            assert old
            assert now.select(was.column_names).to_pylist() == old

    def test_pictures_are_those_that_were_made(self, store):
        loaded = [load_media(store, record) for record in read_records(store)]
        [(sha256, content)] = [entry for record in loaded for entry in record.attachments.items()]
        assert hashlib.sha256(content).hexdigest() == sha256


class TestADataset:
    def test_it_is_what_its_checksums_say(self, dataset):
        lines = [line.split("  ") for line in (dataset / "SHA256SUMS").read_text().splitlines()]
        assert {name for _, name in lines} == {path.name for path in dataset.iterdir()} - {"SHA256SUMS"}
        for sha256, name in lines:
            assert hashlib.sha256((dataset / name).read_bytes()).hexdigest() == sha256, name

    @pytest.mark.parametrize("table", ["executions", "items", "journeys", "blobs"])
    def test_every_reader_finds_the_same_rows(self, dataset, table):
        path = dataset / f"{table}.parquet"
        rows = json.loads((dataset / "query.json").read_bytes())["rows"][table]
        found = {
            "pyarrow": pq.read_table(path).num_rows,
            "duckdb": number(duckdb, f"select count(*) from '{path}'"),
            "polars": polars.read_parquet(path).height,
            "pandas": len(pandas.read_parquet(path)),
        }
        assert found == dict.fromkeys(found, rows)

    def test_the_readers_find_the_same_texts(self, dataset):
        path = dataset / "journeys.parquet"
        texts = pq.read_table(path)["content"].to_pylist()
        assert texts == polars.read_parquet(path)["content"].to_list()
        assert texts == [row[0] for row in duckdb.sql(f"select content from '{path}'").fetchall()]
        read = pandas.read_parquet(path)["content"]
        assert texts == [None if pandas.isna(text) else text for text in read]

    def test_no_column_has_gone_or_has_another_type(self, dataset):
        for path in dataset.glob("*.parquet"):
            now = {column.name: TYPES[column.kind] for column in TABLES_OF_DATASETS[path.stem]}
            was = pq.ParquetFile(path).schema_arrow
            assert {name: now.get(name) for name in was.names} == dict(zip(was.names, was.types, strict=True))

    def test_its_csv_has_the_columns_of_its_parquet(self, dataset):
        for path in dataset.glob("[eij]*.csv"):
            with path.open(encoding="utf-8-sig", newline="") as file:
                head, *rows = csv.reader(file)
            table = pq.read_table(path.with_suffix(".parquet"))
            assert (head, len(rows)) == (table.column_names, table.num_rows)

    def test_its_codebook_describes_every_column(self, dataset):
        tables = json.loads((dataset / "codebook.json").read_bytes())["tables"]
        for table, columns in tables.items():
            assert list(columns) == pq.ParquetFile(dataset / f"{table}.parquet").schema_arrow.names
