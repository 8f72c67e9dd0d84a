"""`otel-tracking export` of many runs can be stopped, leaves no half file, and goes on with `--resume`."""

from __future__ import annotations

import dataclasses
import os
import signal

import pytest
from builders import a_record, an_item
from children import start_python
from cli_stage import call, call_json, one_picture, stored

from exporters import FORMATS, ParquetSink, import_record, read_records
from exporters.privacy.consent import Consents
from exporters.privacy.consent_lists import checked_consent
from exporters.privacy.exports_ledger import ExportsLedger
from exporters.privacy.studies import new_study

RUNS = 5


@pytest.fixture
def data(tmp_path):
    """Runs of which each has a text."""
    for number in range(RUNS):
        write(tmp_path / "data", number)
    return tmp_path / "data"


def write(data, number, **fields):
    ids = {"execution_id": f"exec_20261123_12000{number}_0e3a056{number}", "trace_id": f"{number + 1:032x}"}
    ParquetSink(data).write(a_record(**ids, items=(an_item(content=f"text {number}"),), **fields))


def export(data, *more, out="out", kind=call):
    return kind("export", "--all", "--format", "json", "--out", f"{data.parent / out}/", *more, data=data)


def files_of(directory):
    """Each file with what would change if it were written once more."""
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in directory.iterdir()}


def stopping_at(count, monkeypatch):
    """From now on Ctrl-C is pressed while the document of that number is made."""
    made = []

    def render(record):
        made.append(record)
        if len(made) == count:
            raise KeyboardInterrupt
        return FORMATS["jsonl"].render(record)

    monkeypatch.setitem(FORMATS, "json", dataclasses.replace(FORMATS["json"], render=render))


def test_it_says_how_far_it_came_and_goes_on_there(data, monkeypatch):
    """What is there is whole and is not made again; at the end there is all that one run would have made."""
    out = data.parent / "out"
    with monkeypatch.context() as stopped:
        stopping_at(3, stopped)
        done = export(data)
    assert done.exit_code == 130
    assert f"stopped: 2 of {RUNS} documents are there, each of them whole; with --resume it goes on" in done.stderr
    first = files_of(out)
    assert len(first) == 2
    assert all(import_record(out / name).items for name in first)

    answer, code = export(data, "--resume", kind=call_json)
    assert (code, answer["resumed"], len(answer["exported"])) == (0, 2, RUNS)
    assert {name: files_of(out)[name] for name in first} == first
    assert {record.execution_id for record in map(import_record, out.iterdir())} == set(answer["exported"])


def test_a_killed_export_goes_on(data):
    """No half file has a document's name, and none of those that were done is made again."""
    program = """
import os, signal, sys
from devserver.cli.app import command_line
from exporters import FORMATS
import dataclasses
render, made = FORMATS["json"].render, []
def dying(record):
    made.append(record)
    if len(made) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return render(record)
FORMATS["json"] = dataclasses.replace(FORMATS["json"], render=dying)
command_line.main(["export", "--all", "--format", "json", "--out", sys.argv[1] + "/", "--data", sys.argv[2]])
"""
    out = data.parent / "out"
    child = start_python(program, out, data)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    first = {name: what for name, what in files_of(out).items() if not name.startswith(".")}
    assert len(first) == 3
    done = export(data, "--resume")
    assert f"3 documents of {RUNS} were there already" in done.stdout
    assert {name: files_of(out)[name] for name in first} == first
    assert len(list(out.glob("*.json"))) == RUNS


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("command", [["bundle", "out"], ["dataset", "out"], ["export", "--all", "--out", "out/"]])
def test_whatever_stops_it_nothing_half_made_is_left(data, tmp_path, command, number):
    """Neither under its name nor hidden, in the last moment before it would be there."""
    program = """
import os, signal, sys
from devserver.cli.app import command_line
from exporters.privacy.way_out import WayOut
passing, passed = WayOut.passing, []
def stopped(*given):
    passed.append(1)
    if len(passed) == (3 if "--all" in sys.argv else 1):
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    return passing(*given)
WayOut.passing = stopped
command_line.main([*sys.argv[3:], "--data", sys.argv[2]])
"""
    where = tmp_path / "here"
    where.mkdir()
    command = [f"{where}/{part}" if part.startswith("out") else part for part in command]
    child = start_python(program, number, data, *command)
    child.communicate(timeout=60)
    assert child.returncode == 130
    left = [path for path in where.rglob("*") if path.is_file()]
    assert all(path.suffix == ".json" and import_record(path).items for path in left)
    assert len(left) == (2 if command[0] == "export" else 0)


def test_what_was_changed_grew_or_is_wanted_otherwise_is_made_again(data):
    """A later revision, a file that somebody wrote into, one that is gone, another format's options."""
    out = data.parent / "out"
    export(data)
    changed, gone, *_ = sorted(out.glob("*.json"))
    changed.write_bytes(changed.read_bytes() + b"\n")
    gone.unlink()
    ParquetSink(data).write(dataclasses.replace(next(read_records(data)), revision=2))
    answer, _ = export(data, "--resume", kind=call_json)
    assert answer["resumed"] == RUNS - 3
    assert import_record(changed).execution_id == changed.stem
    assert sorted(import_record(path).revision for path in out.glob("*.json")) == [1] * (RUNS - 1) + [2]

    html = ("export", "--all", "--format", "html", "--out", f"{data.parent / 'html'}/", "--resume")
    for language, resumed in (("en", None), ("en", RUNS), ("de", None), ("de", RUNS)):
        answer, _ = call_json(*html, "--language", language, data=data)
        assert answer.get("resumed") == resumed


def test_a_document_counts_as_done_when_its_media_are_there(tmp_path):
    """Media are copied first; where one could not be, the document is made again."""
    data = tmp_path / "data"
    [execution_id] = stored(data, one_picture)
    [medium] = (data / "media" / execution_id).iterdir()
    content = medium.read_bytes()
    medium.unlink()
    wanted = ("export", "--all", "--out", f"{tmp_path / 'out'}/", "--with-media", "--resume")
    answer, code = call_json(*wanted, data=data)
    assert (code, len(answer["missing"])) == (1, 1)
    medium.write_bytes(content)
    answer, code = call_json(*wanted, data=data)
    assert (code, answer["missing"], answer.get("resumed")) == (0, [], None)
    answer, code = call_json(*wanted, data=data)
    assert (code, answer["resumed"]) == (0, 1)


def test_texts_that_went_through_other_rules_are_made_again(tmp_path, monkeypatch):
    """A study's roster that was changed since an export makes its documents old."""
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    data = tmp_path / "data"
    roster = tmp_path / "names.txt"
    roster.write_text("Anna\n")
    study = new_study(data, "garden", pseudonyms_at="export", roster=roster)
    for path in (tmp_path / "keys").iterdir():
        os.utime(path, (0, 0))
    write(data, 1, study_id="garden", user_id="ben")
    Consents(data, study).note([("ben", checked_consent("given", "guardian", "2026-11-20"))])
    wanted = ("--profile", "pseudonymous", "--resume")
    export(data, *wanted)
    [noted] = ExportsLedger(data).exports()
    assert set(noted.options) >= {"revision", "sha256"}
    study.roster_path.write_text("Anna\nBen\n")
    answer, _ = export(data, *wanted, kind=call_json)
    assert "resumed" not in answer


def test_two_runs_of_one_id_stay_two_documents(tmp_path):
    """The second one's folder is found again."""
    data = tmp_path / "data"
    for number in (1, 2):
        ParquetSink(data).write(a_record(trace_id=f"{number:032x}", items=(an_item(content=f"text {number}"),)))
    export(data)
    documents = sorted((tmp_path / "out").rglob("*.json"))
    answer, _ = export(data, "--resume", kind=call_json)
    assert (answer["resumed"], len(answer["exported"])) == (2, 2)
    assert sorted((tmp_path / "out").rglob("*.json")) == documents
