"""Commands on stores that are damaged: each goes on with the rest, names the file, and ends with exit code 1."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys

import pytest
from builders import a_record, an_item
from cli_stage import call, call_json, one_picture, stored, three_hops

from exporters import DocumentSink, ParquetSink, list_executions, read_records
from exporters.storage.reading.sql import DamagedFiles, connect
from exporters.storage.upkeep.salvage import Left
from otel_tracking import canonical


def harm(data_dir, table, execution_id):
    """Cut the file of a run."""
    [path] = (tmp for tmp in (data_dir / table).glob("*/*.parquet") if tmp.name.startswith(execution_id[-8:]))
    path.write_bytes(path.read_bytes()[:-50])
    return path


@pytest.fixture
def runs(tmp_path):
    return [stored(tmp_path, pipeline)[0] for pipeline in (three_hops, one_picture, three_hops)]


@pytest.mark.parametrize("table", ["executions", "items"])
def test_every_command_goes_on_past_a_damaged_file_and_names_it(tmp_path, runs, table):
    """`list`, `verify --all`, `export --all`, `dataset`, `compact`: one sentence with the file, exit code 1."""
    path = harm(tmp_path, table, runs[1])
    out, dataset = tmp_path / "out", tmp_path / "dataset"
    calls = [["verify", "--all"], ["export", "--all", "--out", out], ["dataset", dataset]]
    if table == "executions":
        calls.append(["list"])  # which reads nothing else
    for arguments in calls:
        result = call(*arguments, data=tmp_path)
        assert (result.exit_code, str(path) in result.stderr + result.stdout) == (1, True), arguments

    assert {file.stem for file in out.glob("*.json")} == {runs[0], runs[2]}
    readme = (dataset / "README.md").read_text()
    assert ("1 more runs were chosen and are not here" in readme) == (table == "items")
    assert all(execution_id in call("list", data=tmp_path).stdout for execution_id in (runs[0], runs[2]))


@pytest.mark.parametrize("table", ["executions", "items"])
def test_a_bundle_names_what_is_not_in_it(tmp_path, runs, table):
    """Also where nothing else was damaged: before, the run was missing, and nobody was told."""
    path = harm(tmp_path, table, runs[1])
    told, exit_code = call_json("bundle", tmp_path / "runs.jsonl", data=tmp_path)
    assert (exit_code, told["runs"], [entry["path"] for entry in told["damaged"]]) == (1, 2, [str(path)])
    result = call("bundle", tmp_path / "runs.jsonl", data=tmp_path)
    assert (result.exit_code, str(path) in result.stderr) == (1, True)


def test_compaction_leaves_what_it_cannot_read_with_all_that_belongs_to_it(tmp_path):
    """Nothing is merged or removed of a run whose items are damaged or gone; the others are compacted."""
    records = [
        a_record(
            execution_id=f"exec_20251103_12000{number}_0000000{number}",
            trace_id=f"0000000{number}{number:024x}",
            timestamp=dt.datetime(2025, 11, 3, 12, tzinfo=dt.UTC),
            items=(an_item(),),
        )
        for number in range(4)
    ]
    for record in records:
        ParquetSink(tmp_path).write(record)
    cut = harm(tmp_path, "items", records[0].execution_id)
    gone = next(path for path in (tmp_path / "items").glob("*/*") if path.name.startswith("00000001"))
    backup = gone.read_bytes()
    gone.unlink()
    answer, exit_code = call_json("compact", data=tmp_path)

    assert (exit_code, answer["executions"]) == (1, 2)
    assert {entry["path"] for entry in answer["damaged"]} == {str(cut), str(gone)}
    gone.write_bytes(backup)
    assert records[1] in list(read_records(tmp_path, on_damage=lambda damage: None))


def test_verify_says_what_is_left_of_a_run_and_repair_brings_it_back(tmp_path, runs):
    """From the document that was written beside it; the damaged file is set aside, not deleted."""
    [record] = read_records(tmp_path, execution_id=runs[1])
    DocumentSink(tmp_path).write(record)
    path = harm(tmp_path, "executions", runs[1])
    told = call("verify", "--all", data=tmp_path).stdout
    repaired = call("verify", "--all", "--repair", data=tmp_path)

    assert f"of {runs[1]} there are its" in told
    assert "rows of items" in told
    assert "its document" in told
    assert f"stored again from its document: {runs[1]}" in repaired.stdout
    assert (tmp_path / "damaged" / path.relative_to(tmp_path)).is_file()
    assert next(read_records(tmp_path, execution_id=runs[1])) == record
    assert {row.execution_id for row in list_executions(tmp_path)} == set(runs)


def test_a_file_in_the_wrong_place_goes_where_it_belongs(tmp_path, runs):
    """It says so itself; a repair moves it there, and everything is right again."""
    [path] = [path for path in (tmp_path / "items").glob("*/*") if path.name.startswith(runs[0][-8:])]
    away = tmp_path / "items" / "date=2020-01-01" / path.name
    away.parent.mkdir()
    path.rename(away)
    call("verify", "--all", "--repair", data=tmp_path)

    assert path.is_file()
    assert call("verify", "--all", data=tmp_path).exit_code == 0


def test_conflicted_copies_are_named_and_no_run_is_there_twice(tmp_path, runs):
    """A sync tool's copy of a file, and of a whole day, are foreign: verify says so, and views count each run once."""
    for table in ("executions", "items"):
        day = next((tmp_path / table).glob("*"))
        shutil.copytree(day, day.with_name(f"{day.name} (1)"))
        for path in list(day.glob("*")):
            shutil.copy(path, path.with_name(f"{path.stem}.sync-conflict-20261123-101010-ABCDEFG.parquet"))
    answer, exit_code = call_json("verify", "--all", data=tmp_path)
    with connect(tmp_path) as connection:
        counted = connection.sql("select count(*) from executions").fetchall()
        items = connection.sql("select count(*) from items").fetchall()

    assert (exit_code, counted, len(answer["checked"])) == (1, [(3,)], 3)
    assert items == [(sum(len(record.items) for record in read_records(tmp_path)),)]
    assert len([entry for entry in answer["files"] if entry["fault"] == "foreign"]) == 2 * (3 + 1)


def test_views_leave_damaged_files_out_and_say_which(tmp_path, runs):
    """A query goes on; a warning and the table `damaged_files` say what it does not see."""
    path = harm(tmp_path, "items", runs[0])
    with pytest.warns(DamagedFiles, match=path.name), connect(tmp_path) as connection:
        named = connection.sql("select path from damaged_files").fetchall()
        [(count,)] = connection.sql("select count(distinct execution_id) from items").fetchall()

    assert (named, count) == ([(str(path),)], 2)


def clashing(data_dir):
    """Two runs with one execution id; their trace ids."""
    traces = ["ab12cd34" + "0" * 23 + digit for digit in "12"]
    for trace_id in traces:
        ParquetSink(data_dir).write(a_record(execution_id="exec_20261123_120000_ab12cd34", trace_id=trace_id))
    return traces


def test_runs_that_share_an_execution_id_are_told_apart(tmp_path):
    """`list` shows their traces, `show` and `export` say which there are, and each has its own document."""
    traces = clashing(tmp_path)
    listed = call("list", data=tmp_path).stdout
    refused = call("show", "ab12cd34", data=tmp_path)
    answer, exit_code = call_json("export", "--all", "--out", tmp_path / "out", data=tmp_path)
    documents = sorted(canonical.loads(path.read_text())["trace_id"] for path in (tmp_path / "out").rglob("*.json"))

    assert all(f"trace {trace_id}" in listed for trace_id in traces)
    assert refused.exit_code == 2
    assert all(trace_id in refused.stderr for trace_id in traces)
    assert (exit_code, documents, len(answer["exported"])) == (0, traces, 2)
    assert call("show", traces[1], data=tmp_path).exit_code == 0


def test_an_export_writes_over_no_document_of_another_run(tmp_path):
    """Whichever run was exported to that directory first, whenever: the second has a place of its own."""
    traces = clashing(tmp_path)
    (tmp_path / "both").mkdir()
    for trace_id in [*traces, *traces]:
        assert call("export", trace_id, "--out", tmp_path / "both", data=tmp_path).exit_code == 0
    documents = sorted(canonical.loads(path.read_text())["trace_id"] for path in (tmp_path / "both").rglob("*.json"))

    assert documents == traces


SMALL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["otel-tracking", *sys.argv[2:]]
from devserver.cli import main
main()
"""


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["export", "--all", "--format", "html", "--out"], "exec_"),
        (["dataset"], "executions."),
    ],
)
def test_a_full_disk_names_the_file_that_could_not_be_written_and_leaves_no_half(tmp_path, runs, arguments, name):
    """The path is the one that was asked for; nothing of a dataset, and no part of a document, is left."""
    child = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, "2000", *arguments, str(tmp_path / "out"), "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert child.returncode == 1
    assert f"{tmp_path / 'out'}/{name}" in child.stderr
    assert "Traceback" not in child.stderr
    assert [path for path in tmp_path.rglob("*") if "out" in path.parts and path.is_file()] == []
    assert not list(tmp_path.glob(".out*"))


def test_runs_are_chosen_by_what_they_belong_to(tmp_path):
    """`run` sets study, session, user, device and batch; `list`, `export`, `dataset` and `verify` choose by them."""
    said = {"study": "s1", "session": "monday", "user": "blau", "device": "ipad3", "batch": "b"}
    options = [part for name, value in said.items() for part in (f"--{name}", value)]
    call("run", "stillepost", "Eine Blume", "--quiet", *options, data=tmp_path)
    stored(tmp_path)

    for name, value in said.items():
        answer, _ = call_json("list", f"--{name}", value, data=tmp_path)
        assert [row[f"{name}_id"] for row in answer["executions"]] == [value]
    answer, exit_code = call_json("verify", *options, data=tmp_path)
    assert (exit_code, len(answer["checked"])) == (0, 1)
    answer, _ = call_json("export", *options, "--out", tmp_path / "out", data=tmp_path)
    assert len(answer["exported"]) == 1
    made, _ = call_json("dataset", tmp_path / "set", *options, data=tmp_path)
    assert made["rows"]["executions"] == 1
    assert "study_id,batch_id" in (tmp_path / "set" / "journeys.csv").read_text("utf-8-sig").splitlines()[0]


@pytest.mark.parametrize("command", [["list"], ["verify"], ["export", "--out", "out"], ["dataset", "set"]])
def test_an_empty_choice_is_said(tmp_path, runs, command, monkeypatch):
    """No run is in the study: one sentence, exit code 1, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    result = call(*command, "--study", "nobody", data=tmp_path)

    assert result.exit_code == 1
    assert "matches" in result.stderr
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("number, sentence", [(1, "its 1 row of executions, 1 media file"), (2, "its 2 rows of ex")])
def test_what_is_left_is_counted_in_one_and_in_many(number, sentence):
    assert sentence in Left("exec_1", {"executions": number}, number, None).sentence()
