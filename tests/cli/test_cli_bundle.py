"""`otel-tracking bundle`: many runs in one file, as they may leave."""

import csv
import io
import zipfile

from builders import a_record, an_item
from cli_stage import call, call_json

from exporters import ParquetSink
from exporters.collections import COLLECTIONS
from exporters.privacy.exports_ledger import ExportsLedger


def a_store(data, *users):
    for number, user in enumerate(users):
        ids = {"execution_id": f"exec_20261123_12000{number}_0e3a056{number}", "trace_id": f"{number + 1:032x}"}
        ParquetSink(data).write(a_record(**ids, user_id=user, items=(an_item(content=f"{user} malt"),)))
    return data


def test_every_format_is_one_file_and_the_same_bytes_again(tmp_path):
    data = a_store(tmp_path / "data", "anna", "ben")
    for name, form in COLLECTIONS.items():
        files = []
        for time in ("one", "two"):
            answer, code = call_json("bundle", tmp_path / f"{time}{form.suffix}", "--format", name, data=data)
            assert (answer["runs"], code) == (2, 0)
            files.append((tmp_path / f"{time}{form.suffix}").read_bytes())
        assert files[0] == files[1]
    with zipfile.ZipFile(tmp_path / "one.qdpx") as project:
        assert "project.qde" in project.namelist()


def test_an_unknown_format_lists_those_there_are(tmp_path):
    done = call("bundle", tmp_path / "x", "--format", "qdp", data=a_store(tmp_path / "data", "anna"))
    assert done.exit_code == 2
    assert "Did you mean qdpx" in done.stderr
    assert all(name in done.stderr for name in COLLECTIONS)
    assert not (tmp_path / "x").exists()


def test_the_name_of_the_file_says_what_to_write(tmp_path):
    """A PDF is no project because nobody said --format."""
    data = a_store(tmp_path / "data", "anna")
    for name, beginning in (("class.pdf", b"%PDF"), ("class.html", b"<!DOCTYPE html>"), ("class", b"PK")):
        assert call("bundle", tmp_path / name, data=data).exit_code == 0
        assert (tmp_path / name).read_bytes().startswith(beginning)


def test_an_ending_of_no_format_is_refused_unless_the_format_is_named(tmp_path):
    """A slip of the finger is no reason to write a project into a file of another name."""
    data = a_store(tmp_path / "data", "anna")
    refused = call("bundle", tmp_path / "class.pfd", data=data)
    assert (refused.exit_code, (tmp_path / "class.pfd").exists()) == (2, False)
    assert "the ending of 'class.pfd' says nothing of a form" in refused.stderr
    assert all(form.suffix in refused.stderr for form in COLLECTIONS.values())
    assert call("bundle", tmp_path / "study.2026", "--format", "qdpx", data=data).exit_code == 0


def test_a_document_is_for_an_audience_and_a_project_is_not(tmp_path):
    data = a_store(tmp_path / "data", "anna")
    assert call("bundle", tmp_path / "a.html", "--audience", "student", "--compare", data=data).exit_code == 0
    assert "anna malt" not in (tmp_path / "a.html").read_text()
    refused = call("bundle", tmp_path / "a.qdpx", "--audience", "student", data=data)
    assert (
        refused.exit_code,
        "qdpx has no audience: pdf, docx, html, html_zip, pdf_zip, poster_zip, poster_picture_zip do" in refused.stderr,
    ) == (2, True)
    assert not (tmp_path / "a.qdpx").exists()


def test_posters_of_a_class_are_one_file_or_a_file_each(tmp_path):
    """`bundle` packs them, `export` lays them side by side."""
    data = a_store(tmp_path / "data", "anna", "ben")
    assert call("bundle", tmp_path / "class.poster.zip", "--audience", "student", data=data).exit_code == 0
    with zipfile.ZipFile(tmp_path / "class.poster.zip") as package:
        packed = {name: package.read(name) for name in package.namelist()}
    exported = call(
        "export", "--all", "--format", "poster", "--audience", "student", "--out", f"{tmp_path}/p/", data=data
    )
    assert exported.exit_code == 0, exported.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "p").iterdir()} == packed
    assert sorted(packed) == [f"exec_20261123_12000{number}_0e3a056{number}.poster.pdf" for number in (0, 1)]


def test_a_document_says_which_runs_are_not_in_it(tmp_path, monkeypatch):
    """Of runs of no study none leaves under a profile; of those that do, it says under which."""
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    data = a_store(tmp_path / "data", "anna", "ben")
    assert call("bundle", tmp_path / "full.html", data=data).exit_code == 0
    assert "full: everything as it was recorded" in (tmp_path / "full.html").read_text()
    assert call("study", "new", "garden", "--no-consent", data=data).exit_code == 0
    ParquetSink(data).write(a_record(study_id="garden", user_id="cleo", items=(an_item(content="Blumen"),)))
    done = call("bundle", tmp_path / "public.html", "--profile", "public", data=data)
    assert done.exit_code == 0, done.stderr
    page = (tmp_path / "public.html").read_text()
    assert ("2 of no study" in page, "cleo" in page, "anna" in page) == (True, False, False)


def test_a_document_is_made_anew_without_a_run_that_is_erased(tmp_path):
    """As it was asked for: for students, with runs side by side."""
    data, out = a_store(tmp_path / "data", "anna", "ben"), tmp_path / "class.html"
    call("bundle", out, "--language", "de", "--compare", data=data)
    assert "anna malt" in out.read_text()
    assert call("erase", "--user", "anna", "--yes", data=data).exit_code == 0
    assert "anna malt" not in out.read_text()
    assert "ben malt" in out.read_text()
    assert "Nebeneinander" in out.read_text()


def test_where_nothing_matches_there_is_no_file(tmp_path):
    done = call("bundle", tmp_path / "x", "--config", "nothing", data=a_store(tmp_path / "data", "anna"))
    assert (done.exit_code, "no run in" in done.stderr) == (1, True)
    assert not (tmp_path / "x").exists()


def test_a_run_that_is_erased_leaves_the_bundle_too(tmp_path):
    """It is made anew of the others, in the ledger once; without anybody left it goes."""
    data, out = a_store(tmp_path / "data", "anna", "ben"), tmp_path / "survey.csv"
    call("bundle", out, "--format", "survey_csv", "--title", "Meadows", data=data)
    (tmp_path / ".survey.csv.01234567.tmp").write_text("anna malt")  # a death left it
    assert call("erase", "--user", "anna", "--yes", data=data).exit_code == 0
    rows = list(csv.reader(io.StringIO(out.read_text("utf-8-sig"))))
    assert len(rows) == 2
    assert "anna" not in out.read_text("utf-8-sig")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    [line] = ExportsLedger(data).exports()
    assert (line.kind, line.format, len(line.runs)) == ("collection", "survey_csv", 1)
    assert call("erase", "--user", "ben", "--yes", data=data).exit_code == 0
    assert not out.exists()
