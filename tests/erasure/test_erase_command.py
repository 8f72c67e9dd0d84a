"""`otel-tracking erase`: says what will go, asks, does it, says what it cannot do."""

import json

import pytest
from children import start_python
from cli_stage import call, call_json
from erasure_stage import LENA, PROGRAM, TOM, not_of_lena, of_lena, texts, traces_of
from records import a_record

from devserver.erasing import whose
from devserver.erasing_audit import ErasableAudit
from devserver.settings import Settings
from devserver.wiring import make_sinks
from exporters import ParquetSink, list_executions
from exporters.erasure import find, pending
from otel_tracking.pseudonyms import Pseudonyms


def every_byte(root):
    return {path: (path.lstat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in root.rglob("*")}


def test_a_dry_run_says_it_and_changes_no_byte(data):
    """Runs, items, files, bytes and exports; in JSON which runs."""
    before = every_byte(data.parent)
    told = call("erase", "--user", LENA, "--dry-run", data=data)
    answer, code = call_json("erase", "--user", LENA, "--dry-run", data=data)

    assert every_byte(data.parent) == before
    assert told.exit_code == code == 0
    assert "exports in which they are" in told.stdout
    assert set(answer["runs"]) >= set(texts(data, of_lena))
    assert (answer["items"] > 20, answer["files"] > 10, answer["bytes"] > 1000) == (True, True, True)


def test_it_asks_and_no_is_no(data):
    """Nothing is changed without a yes; with one it is done, and the audit says so without a name."""
    before = texts(data, of_lena)
    assert call("erase", "--user", LENA, data=data, stdin="n\n").exit_code == 130
    assert texts(data, of_lena) == before

    told = call("erase", "--user", LENA, data=data, stdin="y\n")
    assert told.exit_code == 0
    assert "Erase all of it, for good?" in told.stdout
    assert "beyond reach: copies of the data directory" in told.stdout
    assert traces_of(LENA, data, data.parent / "out") == []
    [line] = (data / "access" / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["act"] == "erase"
    assert json.loads(line)["reason"] == "person"


@pytest.mark.parametrize("said", [["--user", "nobody"], ["exec_20261123_120000_ffffffff"], ["--session", "x"]])
def test_who_is_not_known_is_one_sentence_and_nothing_is_written(data, said):
    before = every_byte(data.parent)
    told = call("erase", *said, "--yes", data=data)

    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.count("\n") == 1
    assert every_byte(data.parent) == before


def test_one_run_by_enough_of_its_id(data):
    """And no other."""
    everything = texts(data, lambda record: True)
    chosen = next(iter(texts(data, not_of_lena)))
    answer, code = call_json("erase", chosen[-8:], "--yes", data=data)

    assert (answer["runs"], answer["complete"], code) == (1, True, 0)
    del everything[chosen]
    assert texts(data, lambda record: True) == everything


def test_what_makes_no_sense_is_refused(data):
    """All runs of a store are not erased by leaving something out; a program cannot be asked."""
    assert call("erase", "--yes", data=data).exit_code == 2
    assert call("erase", "abcdefgh", "--user", LENA, data=data).exit_code == 2
    assert call("erase", "--user", LENA, "--json", data=data).exit_code == 2


def test_an_interrupted_erasure_is_said_and_finished(data):
    """`verify --all` says that there is one, `--resume` finishes it, and then there is none."""
    _die_after_decision(data)
    assert "an erasure was interrupted" in call("verify", "--all", data=data).stdout

    answer, code = call_json("erase", "--resume", data=data)
    assert (answer["resumed"], answer["complete"], code) == (True, True, 0)
    assert call("erase", "--resume", data=data).stdout == "No erasure was interrupted\n"
    assert traces_of(LENA, data, data.parent / "out") == []


@pytest.mark.parametrize("way", ["sinks", "compact", "recover"])
def test_whatever_stores_runs_finishes_it_first_and_says_so(data, ram, capsys, way):
    _die_after_decision(data)
    if way == "sinks":
        make_sinks(Settings(data_dir=data))
        said = capsys.readouterr().err
    else:
        said = call(way, *(["--journal", ram] if way == "recover" else []), data=data).stderr

    assert "finished an erasure of" in said
    assert pending(data) is None
    assert texts(data, of_lena) == {}


def _die_after_decision(data):
    start_python(PROGRAM, "steps", data, 5).communicate(timeout=60)
    assert pending(data)


def test_a_name_means_the_pseudonym_too_where_a_study_is_named(tmp_path):
    """And nobody whose pseudonym is of another study."""
    key, other = Pseudonyms(b"k" * 32), Pseudonyms(b"o" * 32)
    people = [LENA, key.of("user_id", LENA), other.of("user_id", LENA), TOM]
    ParquetSink(tmp_path).write_all([a_record(user_id=person) for person in people])

    found = find(tmp_path, whose({"user_id": LENA}, key))
    ids = {run.execution_id for run in found.runs}
    assert {row.user_id for row in list_executions(tmp_path) if row.execution_id in ids} == set(people[:2])


def test_the_audit_names_no_run_that_was_erased(data):
    """Who exported it stays."""
    hers, his = (next(iter(texts(data, whose))) for whose in (of_lena, not_of_lena))
    for execution_id in (hers, his):
        assert call("export", execution_id, "--out", data.parent / "x.json", data=data).exit_code == 0
    assert call("erase", hers, "--yes", data=data).exit_code == 0

    lines = [json.loads(line) for line in (data / "access" / "audit.jsonl").read_text().splitlines()]
    assert [line.get("execution_id") for line in lines] == [None, his, None]
    assert list(ErasableAudit(data).left(frozenset())) == []
