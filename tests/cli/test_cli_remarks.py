"""`otel-tracking mark` and `annotate`: what a researcher types, and what they are told."""

import csv
import json

import pytest
from cli_stage import call, call_json, stored, three_hops

from exporters import list_executions
from exporters.remarks.store import RemarkStore


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def ids(data):
    """Two runs of session 7b, and one of another."""
    return [*stored(data, three_hops, three_hops, session_id="7b"), *stored(data, session_id="8a")]


@pytest.fixture
def code_book(data, ids):
    for name, options in (("quality", ("choice", "--choice", "low", "--choice", "high")), ("rating", ("integer",))):
        assert call("annotate", "--codebook", "--add", name, "--type", *options, data=data).exit_code == 0
    return data


def listed(data, *options):
    return {row["execution_id"] for row in call_json("list", *options, data=data)[0]["executions"]}


def audited(data):
    return [json.loads(line) for line in (data / "access" / "audit.jsonl").read_text().splitlines()]


class TestMark:
    def test_a_run_is_marked_listed_and_shown_as_such(self, data, ids):
        told = call("mark", ids[0], "--test", "--note", "tried\x1b[2J out", data=data)
        assert (told.exit_code, told.stdout) == (2, "")
        assert "no table can hold" in told.stderr
        assert (
            call("mark", ids[0], "--test", "--note", "tried out", data=data).stdout
            == "1 run: marked as test, with a note\n"
        )
        assert "test" in call("list", data=data).stdout.splitlines()[-2]
        shown = call("show", ids[0], data=data).stdout
        assert "Marked as: test" in shown and "Note: tried out" in shown
        assert json.loads(call("show", ids[0], "--json", data=data).stdout)["execution_id"] == ids[0]
        assert audited(data)[-1]["act"] == "remark" and audited(data)[-1]["execution_id"] == ids[0]

    def test_there_is_no_column_where_nothing_is_marked(self, data, ids):
        assert "marks" not in call("list", data=data).stdout
        assert {row["marks"] == [] for row in call_json("list", data=data)[0]["executions"]} == {True}

    def test_marked_and_unmarked_runs_are_listed_apart(self, data, ids):
        call("mark", ids[1], "--exclude", data=data)
        assert listed(data, "--marked") == listed(data, "--marked", "--limit", "1") == {ids[1]}
        assert listed(data, "--unmarked") == {ids[0], ids[2]}
        call("mark", ids[1], "--clear", data=data)
        assert call("list", "--marked", data=data).exit_code == 1

    def test_a_choice_is_asked_about_with_its_number(self, data, ids):
        asked = call("mark", "--session", "7b", "--test", data=data, stdin="n\n")
        assert "2 runs: marked as test?" in asked.output and asked.exit_code == 130
        assert not RemarkStore(data).read()
        nobody = call("mark", "--session", "7b", "--test", data=data)
        assert nobody.exit_code == 2
        assert "otel-tracking: nobody answered, and nothing was changed; --yes does not ask." in nobody.stderr
        assert call("mark", "--session", "7b", "--test", data=data, stdin="y\n").exit_code == 0
        assert len(RemarkStore(data).read().runs) == 2
        assert audited(data)[-1]["executions"] == 2

    def test_programs_have_to_be_sure_and_are_told_what_is_known(self, data, ids):
        assert call("mark", "--all", "--test", "--json", data=data).exit_code == 2
        told, code = call_json("mark", ids[0], "--exclude", "--note", "alarm", "--by", "Mira", data=data)
        assert code == 0
        [run] = told["runs"]
        assert (run["execution_id"], run["marks"]["exclude"]["by"], run["note"]["text"]) == (ids[0], "Mira", "alarm")

    def test_what_is_cleared_is_what_stands_beside_it(self, data, ids):
        call("mark", ids[0], "--test", "--exclude", "--note", "alarm", data=data)
        told, _ = call_json("mark", ids[0], "--clear", "--test", data=data)
        assert (list(told["runs"][0]["marks"]), told["runs"][0]["note"]["text"]) == (["exclude"], "alarm")
        assert call_json("mark", ids[0], "--clear", "--note", data=data)[0]["runs"][0]["note"] is None
        assert call_json("mark", ids[0], "--clear", data=data)[0]["runs"][0]["marks"] == {}

    @pytest.mark.parametrize("options", [[], ["--clear", "--note", "x"], ["--note"]])
    def test_what_says_nothing_is_refused(self, data, ids, options):
        assert call("mark", ids[0], *options, data=data).exit_code == 2

    def test_marked_runs_stay_in_every_selection_and_leave_by_name(self, data, ids, tmp_path):
        call("mark", ids[0], "--test", data=data)
        for command in (
            ("export", "--all", "--out", f"{tmp_path}/all/"),
            ("bundle", tmp_path / "a.csv", "--format", "survey_csv"),
            ("dataset", tmp_path / "set"),
        ):
            assert "not among them: 1 run, 1 marked as test." in call(*command, data=data).stdout
        assert len(list((tmp_path / "all").iterdir())) == 2
        told, _ = call_json("bundle", tmp_path / "b.csv", "--format", "survey_csv", data=data)
        assert told["kept_back"] == {"marked_test": 1}
        assert call("export", ids[0], data=data).exit_code == 0
        assert call_json("dataset", tmp_path / "all-set", "--with-marked", data=data)[0]["rows"]["executions"] == 3
        assert call("verify", "--all", data=data).exit_code == 0


class TestAnnotate:
    def test_values_are_kept_shown_and_taken_away(self, code_book, ids):
        told = call("annotate", ids[0], ids[1], "quality=high", "rating=7", data=code_book)
        assert told.stdout.count("quality: high") == 2
        told, _ = call_json("annotate", ids[0], "rating=", data=code_book)
        assert {name: one["value"] for name, one in told["runs"][0]["values"].items()} == {"quality": "high"}
        assert "nothing was said of it yet" in call("annotate", ids[2], data=code_book).stdout

    def test_all_that_is_wrong_is_said_and_nothing_kept(self, code_book, ids):
        told = call("annotate", ids[0], "quality=hgh", "rating=x", "mood=sad", data=code_book)
        assert told.exit_code == 2
        for sentence in ("Did you mean high?", "'x' is no integer; 42 would work", "no variable is called 'mood'"):
            assert sentence in told.stderr
        assert not RemarkStore(code_book).read().runs

    def test_a_sheet_goes_out_and_comes_back(self, code_book, ids, tmp_path):
        sheet = tmp_path / "sheet.csv"
        call("mark", ids[0], "--test", data=code_book)
        assert call_json("annotate", "--to", sheet, "--session", "7b", data=code_book)[0]["runs"] == 2
        rows = list(csv.DictReader(sheet.read_text("utf-8-sig").splitlines()))
        assert {row["prompt"] for row in rows} == {"Eine Blume"}
        assert call_json("annotate", "--from", sheet, data=code_book)[0]["changed"] == 0
        sheet.write_text(f"execution_id;quality;rating\n{ids[0]};high;7\n{ids[1]};low;\n")
        told = call("annotate", "--from", sheet, "--by", "Emil", data=code_book)
        assert (told.exit_code, told.stdout) == (0, f"2 runs in {sheet}: 2 runs changed\n")
        assert call_json("annotate", ids[0], data=code_book)[0]["runs"][0]["values"]["rating"]["by"] == "Emil"

    def test_a_wrong_sheet_is_all_named_and_nothing_or_what_is_right_is_kept(self, code_book, ids, tmp_path):
        sheet = tmp_path / "sheet.csv"
        sheet.write_text(f"execution_id,quality,mood\n{ids[0]},high,\nnobody,low,\n{ids[1]},hgh,\n")
        told = call("annotate", "--from", sheet, data=code_book)
        assert told.exit_code == 1
        assert [line.split(", ")[0].split()[2] for line in told.stderr.splitlines()[:3]] == ["1", "3", "4"]
        assert "3 things wrong" in told.stderr and "nothing was kept" in told.stderr
        assert not RemarkStore(code_book).read().runs
        kept, code = call_json("annotate", "--from", sheet, "--partial", data=code_book)
        assert (code, kept["rows"], kept["changed"], len(kept["wrong"])) == (1, 1, 1, 3)

    def test_of_very_many_wrong_rows_a_hundred_are_told(self, code_book, tmp_path):
        sheet = tmp_path / "sheet.csv"
        sheet.write_text("execution_id,quality\n" + "".join(f"nobody{number},low\n" for number in range(300)))
        told = call("annotate", "--from", sheet, data=code_book)
        assert len(told.stderr.splitlines()) == 102
        assert "and 200 more" in told.stderr

    def test_a_code_book_goes_out_and_comes_back(self, code_book, ids, tmp_path):
        before = RemarkStore(code_book).read().variables
        for name in ("book.csv", "book.json"):
            call("annotate", "--codebook", "--to", tmp_path / name, data=code_book)
        for name in ("quality", "rating"):
            assert call("annotate", "--codebook", "--remove", name, data=code_book).exit_code == 0
        call("annotate", "--codebook", "--from", tmp_path / "book.csv", data=code_book)
        call("annotate", "--codebook", "--from", tmp_path / "book.json", data=code_book)
        assert RemarkStore(code_book).read().variables == before
        assert audited(code_book)[-1]["act"] == "codebook"

    def test_a_variable_is_changed_and_removed_with_its_values(self, code_book, ids):
        call("annotate", ids[0], "quality=high", data=code_book)
        change = ("annotate", "--codebook", "--change", "quality")
        told, _ = call_json(*change, "--label", "How good", "--leaves", "public", "--study", "s1", data=code_book)
        assert told["variables"][0] == {
            **{"name": "quality", "type": "choice", "choices": ["low", "high"], "label": "How good"},
            **{"leaves": "public", "study": "s1", "runs": 1},
        }
        assert "would not fit ('high')" in call(*change, "--type", "integer", data=code_book).stderr
        assert "add --yes" in call("annotate", "--codebook", "--remove", "quality", "--json", data=code_book).stderr
        asked = call("annotate", "--codebook", "--remove", "quality", data=code_book, stdin="y\n")
        assert "its values of 1 run?" in asked.output
        assert not RemarkStore(code_book).read().runs

    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("quality=high",),
            ("--add", "mood"),
            ("--codebook", "--add", "mood"),
            ("--codebook", "--label", "x"),
            ("--codebook", "--add", "quality", "--type", "text"),
            ("--codebook", "--add", "a", "--remove", "b"),
            ("--codebook", "--to", "book.txt"),
            ("--codebook", "--session", "7b"),
            ("--session", "7b"),
            ("--from", "a.csv", "--to", "b.csv"),
        ],
    )
    def test_what_cannot_work_is_refused_in_words(self, code_book, arguments):
        told = call("annotate", *arguments, data=code_book)
        assert told.exit_code == 2
        assert told.stderr.startswith("otel-tracking: ")


def test_a_damaged_file_stops_what_leaves_and_not_what_is_looked_at(data, ids, tmp_path):
    call("mark", ids[0], "--test", data=data)
    RemarkStore(data).path.write_bytes(b"{}\n")
    exports = (("export", "--all", "--out", f"{tmp_path}/out/"), ("dataset", tmp_path / "set"))
    for command in (*exports, ("list", "--marked")):
        told = call(*command, data=data)
        assert told.exit_code == 1
        assert "nobody knows which runs are marked; put back a copy of it" in told.stderr
    assert not (tmp_path / "out").exists() and not (tmp_path / "set").exists()
    listed = call("list", data=data)
    assert ids[0] in listed.stdout and "remarks.jsonl" in listed.stderr
    assert "Eine Blume" in call("show", ids[0], data=data).stdout
    assert len(list_executions(data)) == 3
