"""`otel-tracking import` of directories: what a person types, and what they are told."""

import logging
import shutil

import pytest
from cli_stage import call, call_json
from recorder_stage import ANNA, RUN_ID, SAMPLES, a_folder, entity, write
from study_stage import files_with

from devserver.cli.streams import tell_once
from exporters import FORMATS, read_records
from exporters.collections import COLLECTIONS
from exporters.collections.making import make_collection
from exporters.dataset import make_dataset
from exporters.formats.documents import render_document
from exporters.privacy.studies import new_study
from exporters.privacy.way_out import open_way_out

ERA_A = SAMPLES.parent / "era_a"


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A store with the samples in it."""
    data = tmp_path_factory.mktemp("imported")
    assert call("import", SAMPLES, data=data).exit_code == 0
    return data


def results_of(answer):
    return [one["result"] for one in answer["files"]]


class TestImporting:
    def test_all_layouts_and_records_of_one_file_are_taken_together(self, data, tmp_path):
        shutil.copytree(SAMPLES, tmp_path / "exports" / "json")
        shutil.copytree(ERA_A, tmp_path / "exports" / "executions")
        answer, code = call_json("import", tmp_path / "exports", data=data)
        assert (code, results_of(answer)) == (0, ["imported"] * 13)
        assert {one["execution_id"] for one in answer["files"]} == {run.execution_id for run in read_records(data)}

    def test_twice_changes_nothing(self, data, tmp_path):
        call("import", SAMPLES, data=data)
        before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
        again = shutil.copytree(SAMPLES, tmp_path / "moved")
        result = call("import", SAMPLES, again, data=data)
        assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "0 records imported, 18 stored already")
        assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before

    def test_a_dry_run_says_the_same_and_writes_nothing(self, data):
        answer, code = call_json("import", SAMPLES, "--dry-run", data=data)
        assert (code, results_of(answer), answer["is_dry_run"]) == (0, ["imported"] * 9, True)
        assert not data.exists()
        assert "9 records would be imported" in call("import", SAMPLES, "--dry-run", data=data).stdout

    def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_taken(self, data, tmp_path):
        good = a_folder(tmp_path / "runs", entity("input", "Ein Haus"))
        write(tmp_path / "runs" / "run_2" / "metadata.json", "{")
        a_folder(tmp_path / "runs", entity("input", None, "../../secret"), run_id="run_3")
        result = call("import", tmp_path / "runs", data=data)
        assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "1 record imported, 2 refused")
        assert [f"{tmp_path}/runs/{name} cannot be imported" in result.stderr for name in ("run_2", "run_3")] == [
            True
        ] * 2
        assert [run.metadata["imported_from"]["run_id"] for run in read_records(data)] == [good.name]

    def test_missing_files_are_counted_where_they_may_be_missing(self, data, tmp_path):
        a_folder(tmp_path / "runs", entity("input", "Ein Haus"), entity("output_image", None, "2.png"))
        assert call("import", tmp_path / "runs", data=data).exit_code == 1
        result = call("import", tmp_path / "runs", "--allow-missing", data=data)
        assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "1 record imported, 1 file missing")

    def test_a_run_that_has_changed_since_is_not_replaced(self, data, tmp_path):
        call("import", a_folder(tmp_path, entity("input", "Ein Haus")), data=data)
        result = call("import", a_folder(tmp_path, entity("input", "Ein anderes Haus")), data=data)
        assert result.exit_code == 1
        assert "another record is stored as" in result.stderr
        [stored] = read_records(data)
        assert stored.items[0].content == "Ein Haus"

    def test_two_folders_of_one_id_stay_two_linked_records(self, data, tmp_path):
        """Interception and generation were two requests, and each had a device of its own."""
        first = a_folder(tmp_path / "api_1", entity("interception", "Ein Haus"), device_id="api_1")
        later = {"device_id": "api_2", "timestamp": "2026-01-29T10:16:00"}
        second = a_folder(tmp_path / "api_2", entity("output_image", b"\x89PNG\r\n\x1a\n", "1.png"), **later)
        for folders in ((first, second), (second, first)):
            where = data / folders[0].parent.name
            assert call("import", *folders, data=where).exit_code == 0
            made, drawn = sorted(read_records(where), key=lambda run: run.timestamp)
            links = (drawn.continues, made.metadata["imported_from"].get("continued_by"))
            assert links == ((made.execution_id, None) if folders[0] is first else (None, drawn.execution_id))
            assert (
                call_json("import", tmp_path / "api_2", tmp_path / "api_1", data=where)[0]["files"][0]["result"]
                == "known"
            )
            assert call("verify", "--all", data=where).exit_code == 0

    def test_a_directory_with_no_run_says_what_would_work(self, data, tmp_path):
        write(tmp_path / "notes" / "today.txt", "nothing")
        result = call("import", tmp_path / "notes", data=data)
        assert result.exit_code == 1
        assert "a folder with a metadata.json, or a file exec_….json" in result.stderr

    def test_an_erased_run_is_not_taken_again(self, data, tmp_path):
        folder = a_folder(tmp_path, entity("output_image", b"\x89PNG\r\n\x1a\n picture", "1.png"))
        call("import", folder, data=data)
        [stored] = read_records(data)
        assert call("erase", stored.execution_id, "--yes", data=data).exit_code == 0
        answer, code = call_json("import", folder, data=data)
        assert (results_of(answer), code) == (["erased"], 0)
        assert list((data / "media").rglob("*.png")) == []

    def test_files_are_private(self, imported):
        media = [path for path in (imported / "media").rglob("*") if path.is_file()]
        assert media
        assert {path.stat().st_mode & 0o777 for path in media} == {0o600}


class TestPeople:
    def test_get_the_pseudonyms_of_the_study(self, data, tmp_path):
        study = new_study(data, "garden")
        config = entity("config_used", {"user_id": ANNA["user_id"], "parts": [{"device_id": ANNA["device_id"]}]})
        folder = a_folder(tmp_path / ANNA["device_id"], config, entity("input", "Ein Haus", metadata=ANNA), **ANNA)
        assert call("import", folder, "--study", "garden", data=data).exit_code == 0
        [stored] = read_records(data)
        assert stored.study_id == "garden"
        for field, name in ANNA.items():
            assert getattr(stored, field) == study.pseudonyms.of(field, name)
            assert stored.metadata["metadata_json"][field] == study.pseudonyms.of(field, name)
            assert files_with(name, data) == []
        assert call_json("import", folder, "--study", "garden", data=data)[0]["files"][0]["result"] == "known"

    def test_do_not_leave_under_a_profile_with_what_the_recorder_said(self, data, tmp_path):
        new_study(data, "garden", pseudonyms_at="export", consent_required=False)
        folder = a_folder(tmp_path / "runs", entity("input", "Ein Haus", metadata=ANNA), **ANNA)
        call("import", folder, "--study", "garden", data=data)
        make_dataset(data, tmp_path / "out", way_out=open_way_out(data, "pseudonymous"))
        assert [files_with(name, tmp_path / "out") for name in ANNA.values()] == [[], [], []]

    def test_nobody_can_try_names_until_a_checksum_is_right(self, data, tmp_path):
        new_study(data, "garden")
        folder = a_folder(tmp_path, entity("input", "Ein Haus"), **ANNA)
        call("import", folder, "--study", "garden", data=data)
        [stored] = read_records(data)
        origin = stored.metadata["imported_from"]
        assert [len(origin[name]) for name in ("sha256", "files_sha256")] == [32, 32]

    def test_a_study_that_is_not_there_is_refused_before_anything_is_taken(self, data, tmp_path):
        result = call("import", a_folder(tmp_path, **ANNA), "--study", "gardne", data=data)
        assert (result.exit_code, list(read_records(data))) == (2, [])

    def test_a_study_whose_key_is_gone_takes_nobody(self, data, tmp_path):
        new_study(data, "garden").key_path.unlink()
        result = call("import", a_folder(tmp_path, **ANNA), "--study", "garden", data=data)
        assert result.exit_code == 1
        assert "the key of the study garden is not there" in result.stderr
        assert list(read_records(data)) == []


class TestWhatWasImported:
    def test_is_right(self, imported):
        assert call("verify", "--all", data=imported).exit_code == 0

    def test_is_shown(self, imported):
        told = call("show", "5859297a", data=imported).stdout
        assert "Ein Fuchs schläft unter dem Mond" in told
        assert "edited       Unter dem Mond ruht ein Fuchs" in told

    @pytest.mark.parametrize("name", FORMATS)
    def test_is_a_document_in_every_format(self, imported, name):
        form = FORMATS[name]
        for record in read_records(imported):
            document = render_document(record, form, data_dir=imported)
            assert document
            assert form.parse is None or form.parse(document) == record

    @pytest.mark.parametrize("name", COLLECTIONS)
    def test_is_in_every_collection(self, imported, name, tmp_path):
        assert make_collection(imported, tmp_path / "out", name).runs == 9

    def test_is_in_a_dataset(self, imported, tmp_path):
        assert make_dataset(imported, tmp_path / "dataset").rows["executions"] == 9

    def test_is_the_same_after_it_was_compacted(self, imported, tmp_path):
        data = shutil.copytree(imported, tmp_path / "data")
        before = list(read_records(data))
        assert call("compact", data=data).exit_code == 0
        assert list(read_records(data)) == before

    def test_says_which_run_it_continues(self, imported):
        [first] = read_records(imported, execution_id="exec_20260129_091500_5859297a")
        assert [run.continues for run in read_records(imported) if run.continues] == [first.execution_id]
        assert first.metadata["imported_from"]["run_id"] == RUN_ID


def test_the_log_says_each_thing_once(capsys):
    """A store of ten thousand imported runs has ten thousand items of the same unknown type."""
    tell_once()
    for _ in range(3):
        for sentence in ("unknown item type 'workflow'", "unknown item type 'evaluation'"):
            logging.lastResort.handle(logging.makeLogRecord({"msg": sentence, "levelno": logging.WARNING}))
    assert capsys.readouterr().err.splitlines() == ["unknown item type 'workflow'", "unknown item type 'evaluation'"]
