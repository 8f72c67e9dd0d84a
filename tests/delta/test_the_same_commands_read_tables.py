"""The commands that read a local store read the tables of a programme, and answer the same."""

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from cli_stage import call
from deltalake import DeltaTable, write_deltalake
from hypothesis import HealthCheck, given, settings
from records import a_graph, a_picture, a_record, a_run_of_hops, an_item, records
from table_stage import Both, files_in

from exporters.delta.queries import rows
from exporters.delta.run_tables import RunTables
from exporters.delta.tables import DeltaStore
from otel_tracking import ItemType

PICTURE = b"\x89PNG\r\n\x1a\n meadow"


@pytest.fixture
def runs(both):
    """Some runs: hops, a large graph, a picture, two revisions, another user."""
    first = a_run_of_hops("Eine Blume", "A flower", "Una flor", session_id="5b", user_id="ada")
    found = [
        first,
        replace(first, revision=2, late_spans=1),
        a_record(items=[an_item(item_type=ItemType.OUTPUT_IMAGE, metadata={"graph": a_graph()})], session_id="5b"),
        a_picture(PICTURE, user_id="ben"),
    ]
    both.store(*found)
    both.bring_media(*found)
    return found


def same(both, *arguments, **options):
    local, table = both.call(*arguments, **options)
    assert table.stdout == local.stdout
    assert table.exit_code == local.exit_code
    return local


def test_list_and_show(both, runs):
    assert json.loads(same(both, "list", "--json").stdout)["executions"]
    same(both, "list")
    same(both, "list", "--user", "ben")
    same(both, "list", "--session", "5b", "--json")
    for record in runs:
        same(both, "show", record.execution_id)
        same(both, "show", record.execution_id[-8:], "--json")
        same(both, "show", record.trace_id, "--tree")


@pytest.mark.parametrize("name", ["json", "xml", "csv", "html", "markdown", "pdf"])
def test_export(both, runs, name):
    for record in runs:
        same(both, "export", record.execution_id, "--format", name)


def test_export_with_media(both, runs, tmp_path):
    for place, data in (("one", both.local), ("other", f"file://{both.tables}")):
        more = ["--media-store", both.media] if place == "other" else []
        out = f"{tmp_path / place}/"
        made = call("export", "--all", "--format", "html", "--with-media", "--out", out, *more, data=data)
        assert made.exit_code == 0, made.output
    assert files_in(tmp_path / "one") == files_in(tmp_path / "other")
    assert PICTURE in files_in(tmp_path / "one").values()


@pytest.mark.parametrize("command", [("dataset", "study", "--licence", "CC-BY-4.0"), ("bundle", "class.qdpx")])
def test_dataset_and_bundle_are_the_same_files(both, runs, tmp_path, monkeypatch, command):
    name, out, *more = command
    for place, data in (("one", both.local), ("other", f"file://{both.tables}")):
        (tmp_path / place).mkdir()
        media = ["--media-store", both.media] if place == "other" else []
        made = call(name, tmp_path / place / out, *more, *media, data=data)
        assert made.exit_code == 0, made.output
    assert files_in(tmp_path / "one") == files_in(tmp_path / "other")


def test_diff_verify_and_ask(both, runs):
    same(both, "diff", runs[0].execution_id, runs[2].execution_id)
    same(both, "verify", "--all")
    same(both, "verify", runs[3].execution_id)
    same(both, "ask", "select config_name, count(*) as runs, sum(item_rows) as items from executions group by all")
    same(both, "ask", "select item_type, content from items order by execution_id, sequence_number")


@given(record=records)
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_any_record_is_shown_as_it_is_shown_of_a_local_store(tmp_path_factory, record):
    place = tmp_path_factory.mktemp("any")
    both = Both(place / "local", place / "tables", place / "media")
    both.store(replace(record, attachments={}))
    answers = [
        call("export", record.execution_id, *more, data=data)
        for data, more in ((both.local, []), (f"file://{both.tables}", ["--home", place / "home"]))
    ]
    assert answers[0].exit_code == 0, answers[0].output
    assert answers[1].stdout == answers[0].stdout


def test_nothing_of_the_tables_stays_here(both, runs):
    same(both, "show", runs[3].execution_id)
    same(both, "list")
    left = {path.name for path in both.home.iterdir()}
    assert not left & {"executions", "items", "blobs", "media"}


def test_remarks_are_kept_beside_the_tables(both, runs):
    """What is said of a run is said once: the next command knows it."""
    same(both, "list")
    marked = call("mark", runs[3].execution_id, "--test", "--home", both.home, data=f"file://{both.tables}")
    assert marked.exit_code == 0, marked.output
    assert json.loads(call("list", "--marked", "--json", data=f"file://{both.tables}").stdout)["executions"][0]["marks"]


def test_media_that_have_not_arrived_are_named_and_there_when_they_have(both):
    record = a_picture(PICTURE)
    both.store(record)
    [sha256] = record.attachments
    told = both.call("show", record.execution_id)[1]
    assert f"1 media have not arrived in {both.media} yet" in told.stderr
    assert sha256 in told.stderr
    both.bring_media(record)
    assert "not arrived" not in both.call("show", record.execution_id)[1].stderr


def test_half_a_write_is_not_seen(both, runs):
    """Items whose executions never came: a worker died between the two."""
    tables = RunTables(DeltaStore(str(both.tables)))
    from exporters.storage.tables.rows import row_of
    from otel_tracking.columns import columns_of

    tables.write_parts([row_of(columns_of(a_run_of_hops("Halb", "Half")), both.tables)])
    same(both, "list", "--json")
    same(both, "ask", "select count(*) from items")


def test_an_older_table_is_read(both):
    """A column that came later is null."""
    record = a_run_of_hops("Eine Blume", "A flower")
    both.store(record)
    for name, lacks in (("executions", "batch_id"), ("items", "attempt")):
        place = str(both.tables / name)
        table = DeltaTable(place)
        kept = rows(table, [field.name for field in table.schema().fields if field.name != lacks])
        write_deltalake(place, kept, mode="overwrite", schema_mode="overwrite", partition_by=["date"])
    same(both, "show", record.execution_id, "--json")


def test_files_that_were_joined_and_a_column_of_a_later_version_are_no_matter(both, runs):
    for name in ("executions", "items", "blobs"):
        DeltaTable(str(both.tables / name)).optimize.compact()
    table = DeltaTable(str(both.tables / "executions"))
    every = rows(table, [field.name for field in table.schema().fields], "false")
    later = every.append_column("mood", pa.array([], pa.string()))
    write_deltalake(table, later, mode="append", schema_mode="merge")
    same(both, "list", "--json")
    for record in runs:
        same(both, "show", record.execution_id, "--json")


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("file:///nowhere/tables", "there is no table of runs at file:///nowhere/tables/executions"),
        ("s3://school/records", "s3://school/records/executions cannot be used"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path, monkeypatch, place, sentence):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_MAX_RETRIES": "0",
        "XDG_DATA_HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    said = call("list", data=place)
    assert said.exit_code == 1
    assert sentence in said.stderr.replace("\n", " ")


def test_a_home_with_records_of_its_own_is_not_touched(both, runs):
    said = call("list", "--home", both.local, data=f"file://{both.tables}")
    assert said.exit_code == 2
    assert "has records of its own" in said.stderr
    same(both, "list")
