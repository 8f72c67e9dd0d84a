"""`otel-tracking study`, `consent` and `retain`: what a person who runs a study types, and what they are told."""

import datetime as dt
import json

import pytest
from cli_stage import call, call_json, stored

from exporters import ParquetSink, import_record, list_executions
from exporters.privacy.studies import open_study
from otel_tracking.record import ExecutionRecord


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def garden(data):
    assert call("study", "new", "garden", data=data).exit_code == 0
    return data


@pytest.fixture
def consents(tmp_path):
    path = tmp_path / "consents.csv"
    path.write_text("person;state;by;date\nanna;given;guardian;2026-11-20\nberta;given;person;2026-11-21\n")
    return path


def run_of_days_ago(data, days, study="garden"):
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    execution_id = f"exec_{moment:%Y%m%d_%H%M%S}_0000abcd"
    ParquetSink(data).write(
        ExecutionRecord(execution_id=execution_id, config_name="dada", timestamp=moment, study_id=study)
    )
    return execution_id


class TestStudies:
    def test_a_study_is_made_and_says_where_its_key_is(self, data, keys):
        told = call("study", "new", "garden", "--retention", "365", data=data)
        assert told.exit_code == 0
        assert f"in {keys / 'garden.key'}; keep a copy of it" in told.stdout
        assert "365 days" in told.stdout

    def test_programs_are_told_the_same(self, data, keys, tmp_path):
        (tmp_path / "class.txt").write_text("Anna\n")
        options = ["--no-consent", "--pseudonyms", "export", "--spacy-model", "de_core_news_sm"]
        told, code = call_json("study", "new", "garden", *options, "--roster", tmp_path / "class.txt", data=data)
        assert code == 0
        study = open_study(data, "garden")
        assert told == {
            **study.to_dict(),
            "key": {"path": str(keys / "garden.key"), "trouble": None},
            "roster": str(keys / "garden.roster"),
        }
        assert (told["consent_required"], told["pseudonyms_at"], told["retention_days"]) == (False, "export", None)

    def test_they_are_listed_and_changed(self, garden):
        assert "garden" in call("study", "list", data=garden).stdout
        changed, _ = call_json("study", "set", "garden", "--retention", "30", "--no-consent", data=garden)
        assert (changed["retention_days"], changed["consent_required"]) == (30, False)
        assert call_json("study", "set", "garden", "--retention", "none", data=garden)[0]["retention_days"] is None
        [listed] = call_json("study", "list", data=garden)[0]["studies"]
        assert listed["consent_required"] is False

    def test_where_there_is_none_it_says_how_to_make_one(self, data):
        assert "otel-tracking study new" in call("study", "list", data=data).stdout
        assert call_json("study", "list", data=data) == ({"studies": []}, 0)

    def test_one_whose_key_is_not_there_is_shown_and_the_exit_code_says_so(self, garden, keys):
        (keys / "garden.key").unlink()
        told = call("study", "show", "garden", data=garden)
        assert told.exit_code == 1
        assert "consent    required" in told.stdout
        assert "the key of the study garden is not there" in told.stderr
        assert call_json("study", "show", "garden", data=garden)[0]["key"]["trouble"].startswith("the key of the study")

    @pytest.mark.parametrize(
        ("arguments", "code", "sentence"),
        [
            (["new", "garden"], 2, "has a study garden already"),
            (["new", "../garden"], 2, "is no name of a study"),
            (["new", "winter", "--retention", "soon"], 2, "'soon' is no number of days"),
            (["new", "winter", "--retention", "0"], 2, "'0' is no number of days"),
            (["new", "winter", "--roster", "/nowhere"], 1, "the roster /nowhere cannot be read"),
            (["new", "winter", "--adopt"], 1, "the key of the study winter is not there"),
            (["show", "winter"], 2, "knows no study winter; it has garden"),
            (["set", "winter", "--retention", "1"], 2, "knows no study winter"),
            (["set", "garden"], 2, "nothing was said to change"),
        ],
    )
    def test_what_cannot_be_is_one_sentence(self, garden, arguments, code, sentence):
        told = call("study", *arguments, data=garden)
        assert told.exit_code == code
        assert sentence in told.stderr
        assert told.stderr.count("\n") == 1


class TestConsents:
    def test_a_list_is_taken_over_once(self, garden, consents):
        told, code = call_json("consent", "import", consents, "--study", "garden", data=garden)
        assert code == 0
        assert told == {
            "study": "garden",
            "rows": 2,
            "new": 2,
            "states": {"given": 2},
            "strangers": ["anna", "berta"],
        }
        assert call_json("consent", "import", consents, "--study", "garden", data=garden)[0]["new"] == 0
        assert call_json("consent", "show", "--study", "garden", data=garden)[0]["states"] == {"given": 2}

    def test_names_that_no_run_has_are_said(self, garden, consents):
        stored(garden, user_id="anna", study_id="garden")
        told = call("consent", "import", consents, "--study", "garden", data=garden).stdout
        assert "2 rows: 2 given; 2 new" in told
        assert "1 of them have no run here, or are spelt in another way there: berta" in told

    def test_a_dry_run_keeps_nothing(self, garden, consents):
        told = call("consent", "import", consents, "--study", "garden", "--dry-run", data=garden)
        assert "nothing was kept" in told.stdout
        assert call("consent", "show", "--study", "garden", data=garden).stdout == "garden: nobody was asked yet\n"

    def test_wrong_rows_are_named_one_by_one_and_nothing_is_kept(self, garden, consents):
        with consents.open("a") as file:
            file.write("carla;yes;person;2026-11-20\n;given;person;2026-11-20\n")
        told = call("consent", "import", consents, "--study", "garden", data=garden)
        assert told.exit_code == 1
        assert [line.split(" of ")[0] for line in told.stderr.splitlines()] == [
            "otel-tracking: line 4",
            "otel-tracking: line 5",
        ]
        assert call_json("consent", "show", "--study", "garden", data=garden)[0]["states"] == {}

    def test_whoever_withdraws_is_counted_and_erasing_is_offered(self, garden, consents):
        call("consent", "import", consents, "--study", "garden", data=garden)
        [run] = stored(garden, user_id="anna", study_id="garden")
        stored(garden, user_id="berta", study_id="garden")
        withdraw = [
            "consent",
            "set",
            "--study",
            "garden",
            "--person",
            "anna",
            "--state",
            "withdrawn",
            "--by",
            "guardian",
        ]
        told = call(*withdraw, "--form", "2", data=garden).stdout
        assert "withdrawn by guardian, form 2; 1 run of anna in garden" in told
        assert f"otel-tracking erase --study garden --user anna --data {garden}" in told
        assert call_json(*withdraw, data=garden)[0]["runs"] == [run]
        history = call_json("consent", "show", "--study", "garden", "--person", "anna", data=garden)[0]["history"]
        assert [entry["state"] for entry in history] == ["given", "withdrawn", "withdrawn"]

    def test_one_who_is_not_known_was_not_asked(self, garden):
        told = call("consent", "show", "--study", "garden", "--person", "carla", data=garden)
        assert told.stdout == "carla was not asked, as far as is known here\n"

    @pytest.mark.parametrize("date", ["tomorrow", "20.11.2026", "2126-01-01"])
    def test_a_date_that_cannot_be_is_refused(self, garden, date):
        words = ["--study", "garden", "--person", "anna", "--state", "given", "--by", "person"]
        told = call("consent", "set", *words, "--date", date, data=garden)
        assert told.exit_code == 2
        assert repr(date) in told.stderr
        assert call_json("consent", "show", "--study", "garden", data=garden)[0]["states"] == {}

    @pytest.mark.parametrize("harm", ["gone", "readable", "another's"])
    def test_without_the_studys_key_nothing_is_kept(self, garden, keys, consents, harm):
        key = keys / "garden.key"
        if harm == "gone":
            key.unlink()
        elif harm == "readable":
            key.chmod(0o644)
        else:
            key.write_text("cd" * 32)
        told = call("consent", "import", consents, "--study", "garden", data=garden)
        assert told.exit_code == 1
        assert told.stderr.count("\n") == 1
        assert not (garden / "privacy" / "consent").exists()


class TestRetention:
    def test_a_dry_run_says_what_is_overdue(self, garden):
        call("study", "set", "garden", "--retention", "30", data=garden)
        old = run_of_days_ago(garden, 31)
        run_of_days_ago(garden, 29)
        told, code = call_json("retain", "--dry-run", data=garden)
        assert code == 0
        assert [(entry["study"], entry["runs"]) for entry in told["studies"]] == [("garden", [old])]
        assert (told["runs"], told["is_dry_run"], told["erasure"], told["damaged"]) == (1, True, None, [])
        assert "garden  30 days: 1 run from before" in call("retain", "--dry-run", data=garden).stdout
        assert len(list_executions(garden)) == 2

    def test_nothing_is_erased_before_somebody_says_yes(self, garden):
        call("study", "set", "garden", "--retention", "30", data=garden)
        run_of_days_ago(garden, 31)
        told = call("retain", data=garden, stdin="n\n")
        assert told.exit_code == 130
        assert "Erase 1 run for good?" in told.stdout
        assert call("retain", "--json", data=garden).exit_code == 2
        assert len(list_executions(garden)) == 1

    def test_where_nothing_is_overdue_nothing_is_asked(self, garden):
        run_of_days_ago(garden, 3000)
        told = call("retain", data=garden)
        assert (told.exit_code, told.stdout.split(";")[0]) == (0, "No study has a retention")
        call("study", "set", "garden", "--retention", "3001", data=garden)
        assert call_json("retain", data=garden)[0]["runs"] == 0


def test_an_imported_record_of_a_study_has_pseudonyms(garden, tmp_path):
    """Where the study wants them at the source; without its key the file is refused."""
    path = tmp_path / "exec.json"
    record = {"execution_id": "exec_20261103_224153_608540d5", "config_name": "dada", "items": []}
    path.write_text(json.dumps({**record, "user_id": "anna", "study_id": "garden", "timestamp": "2026-11-03T22:41:53"}))
    assert import_record(path).user_id == "anna"
    assert call("import", path, data=garden).exit_code == 0
    assert call("import", path, data=garden).stdout.startswith("known")
    [row] = list_executions(garden)
    assert row.user_id == open_study(garden, "garden").pseudonyms.of("user_id", "anna")
    (tmp_path / "keys" / "garden.key").unlink()
    told = call("import", path, data=garden)
    assert (told.exit_code, "the key of the study garden is not there" in told.stderr) == (1, True)


def test_a_run_on_the_command_line_is_of_the_study_of_the_environment(garden, monkeypatch, keys):
    monkeypatch.setenv("DEVSERVER_STUDY", "garden")
    told, code = call_json("run", "stillepost", "Eine Blume", "--user", "anna", data=garden)
    assert code == 0
    [row] = list_executions(garden)
    assert (row.study_id, row.user_id) == ("garden", open_study(garden, "garden").pseudonyms.of("user_id", "anna"))

    refused = call("run", "stillepost", "Eine Blume", "--study", "winter", data=garden)
    assert (refused.exit_code, "people here get the pseudonyms of garden" in refused.stderr) == (2, True)
    (keys / "garden.key").unlink()
    for command in (["run", "stillepost", "Eine Blume"], ["replay", told["execution_id"]], ["serve", "--port", "0"]):
        refused = call(*command, data=garden)
        assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
        assert "DEVSERVER_STUDY is 'garden': the key" in refused.stderr
    assert len(list_executions(garden)) == 1
