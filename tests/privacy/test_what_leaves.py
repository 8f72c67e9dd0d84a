"""Whose runs leave, under which profile, and what is said of those that do not: documents, datasets, the ledger."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("cli", "exporters")]

from builders import a_record, an_item
from cli_stage import call, call_json

from exporters import ParquetSink
from exporters.errors import StudyError
from exporters.privacy.exports_ledger import ExportKind, ExportsLedger
from exporters.privacy.studies import new_study
from exporters.privacy.way_out import open_way_out

ANNA, BEN = "anna.zwirn", "ben.tulpe"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Two runs of each of two children in a study that wants consent; both have said yes."""
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    data = tmp_path / "data"
    new_study(data, "garden", pseudonyms_at="export")
    for number, user in enumerate([ANNA, ANNA, BEN, BEN]):
        ids = {"execution_id": f"exec_20261123_12000{number}_0e3a056{number}", "trace_id": f"{number + 1:032x}"}
        items = (an_item(content=f"Zwirn malt {number}"),)
        ParquetSink(data).write(a_record(**ids, user_id=user, study_id="garden", items=items))
    for user in (ANNA, BEN):
        assert consent(data, user, "given").exit_code == 0
    return data


def consent(data, user, state):
    return call(
        "consent", "set", "--study", "garden", "--person", user, "--state", state, "--by", "guardian", data=data
    )


def files_of(directory):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_consent_that_is_withdrawn_between_two_datasets_counts_in_the_second(data):
    """It is without her runs, and says so: to whoever made it, in the README, in query.json."""
    first, _ = call_json("dataset", data.parent / "first", data=data)
    consent(data, ANNA, "withdrawn")
    second, code = call_json("dataset", data.parent / "second", data=data)

    assert (first["rows"]["executions"], second["rows"]["executions"], code) == (4, 2, 0)
    assert second["kept_back"] == {"withdrawn": 2}
    made = files_of(data.parent / "second")
    assert b"2 more runs were chosen and are not here: 2 with consent withdrawn." in made["README.md"]
    assert json.loads(made["query.json"])["privacy"]["kept_back"] == {"withdrawn": 2}
    assert ANNA.encode() not in made["executions.csv"]


def test_documents_leave_with_consent_alone(data):
    consent(data, ANNA, "withdrawn")
    done = call("export", "--all", "--format", "json", "--out", data.parent / "out", data=data)

    assert done.exit_code == 0
    assert "not among them: 2 runs, 2 with consent withdrawn." in done.stdout
    assert len(list((data.parent / "out").glob("*.json"))) == 2
    refused = call("export", "0e3a0560", "--format", "json", data=data)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "no run may leave: 1 with consent withdrawn." in refused.stderr


def test_nothing_of_a_study_leaves_whose_key_is_gone(data):
    """One sentence, nothing written."""
    shutil.rmtree(data.parent / "keys")
    done = call("dataset", data.parent / "out", data=data)

    assert done.exit_code == 1
    assert "the key of the study garden is not there" in done.stderr
    assert not (data.parent / "out").exists()
    named = call("dataset", data.parent / "out", "--study", "garden", "--profile", "public", data=data)
    assert (named.exit_code, "is not there" in named.stderr) == (1, True)


def test_the_key_of_another_study_is_no_key(data, monkeypatch):
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(data.parent / "others"))
    new_study(data.parent / "elsewhere", "garden")
    for profile in ("full", "pseudonymous"):
        done = call(
            "export", "--all", "--format", "json", "--out", data.parent / "out", "--profile", profile, data=data
        )
        assert done.exit_code == 1
        assert "was made with the key" in done.stderr
        assert not (data.parent / "out").exists()


def test_a_run_of_no_study_has_no_pseudonyms_and_leaves_in_full_alone(data):
    ParquetSink(data).write(a_record(execution_id="exec_20261123_130000_0f0f0f0f", trace_id="f" * 32))
    done = call("export", "0f0f0f0f", "--format", "json", "--profile", "pseudonymous", data=data)

    assert (done.exit_code, done.stdout) == (1, "")
    assert "1 of no study" in done.stderr
    assert call("export", "0f0f0f0f", "--format", "json", data=data).exit_code == 0


def test_whoever_forgets_to_ask_gets_nothing(data):
    """The way out does not give a record as it is because nobody asked whether it may leave."""
    with pytest.raises(StudyError, match="no study whose key is here"):
        open_way_out(data, "public").leaving(a_record(study_id=None))


def test_signs_of_patterns_in_a_roster_are_signs(data):
    """And a roster without names is refused."""
    roster = data.parent / "names.txt"
    roster.write_text("Zwirn.*(\n", "utf-8")
    done = call("export", "0e3a0560", "--format", "json", "--profile", "public", "--roster", roster, data=data)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["items"][0]["content"] == "[name] malt 0"
    roster.write_text(".*(\n", "utf-8")
    done = call("export", "0e3a0560", "--format", "json", "--profile", "public", "--roster", roster, data=data)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "names.txt" in done.stderr


def test_an_unknown_person_is_one_sentence_and_nothing_is_written(data):
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}
    done = call("erase", "--user", "nobody", "--yes", data=data)

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    after = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file() and "lock" not in path.name}
    assert {path: time for path, time in before.items() if path in after} == after


def test_a_roster_is_for_texts_that_are_looked_at(data):
    roster = data.parent / "names.txt"
    roster.write_text("Zwirn\n", "utf-8")
    done = call("dataset", data.parent / "out", "--roster", roster, data=data)
    assert (done.exit_code, "--profile pseudonymous or public would work" in done.stderr) == (1, True)


@pytest.mark.parametrize("profile", ["pseudonymous", "public"])
def test_the_same_runs_under_the_same_profile_give_the_same_bytes(data, profile):
    for name in ("one", "two"):
        assert call("dataset", data.parent / name, "--profile", profile, data=data).exit_code == 0
    made = files_of(data.parent / "one")
    assert made == files_of(data.parent / "two")
    assert f"Profile: `{profile}`" in made["README.md"].decode()
    assert json.loads(made["query.json"])["privacy"]["profile"] == profile


def test_a_query_for_a_person_names_the_pseudonym(data):
    call("dataset", data.parent / "out", "--user", ANNA, "--study", "garden", "--profile", "pseudonymous", data=data)
    query = json.loads((data.parent / "out" / "query.json").read_text())["query"]

    assert query["user_id"].startswith("user-")
    assert all(ANNA.encode() not in content for content in files_of(data.parent / "out").values())


def test_the_ledger_knows_where_everything_went(data):
    """A line for each document, medium and dataset, with its runs and its profile."""
    call("dataset", data.parent / "set", "--profile", "public", data=data)
    call("export", "0e3a0560", "--format", "json", "--out", data.parent / "one.json", data=data)
    call("export", "0e3a0561", "--format", "csv", data=data)

    told = [(one.kind, one.path, one.profile, len(one.runs)) for one in ExportsLedger(data).exports()]
    assert told == [
        (ExportKind.DATASET, str(data.parent / "set"), "public", 4),
        (ExportKind.DOCUMENT, str(data.parent / "one.json"), "full", 1),
        (ExportKind.DOCUMENT, None, "full", 1),
    ]
    assert (data / "privacy" / "exports.jsonl").stat().st_mode & 0o777 == 0o600


def test_an_erased_dataset_is_made_again_under_its_profile(data):
    """With her runs gone, and nothing of anybody's name in it."""
    call("dataset", data.parent / "set", "--profile", "pseudonymous", "--title", "Meadows", data=data)
    assert call("erase", "--user", ANNA, "--yes", data=data).exit_code == 0
    made = files_of(data.parent / "set")

    assert json.loads(made["query.json"])["rows"]["executions"] == 2
    assert b"# Meadows" in made["README.md"]
    assert all(BEN.encode() not in content for content in made.values())
    [line] = ExportsLedger(data).exports()
    assert (line.profile, len(line.runs)) == ("pseudonymous", 2)
