"""`list`, `show` and `export`: what is stored, for people and for programs."""

import json

import pytest
from cli_stage import HOSTILE, broken_chain, call, call_json, one_picture, stored, three_hops

from devserver.testing import PNG
from exporters import FORMATS, read_records
from otel_tracking import ItemType


def test_list_shows_the_latest_run_first_and_counts_them(tmp_path):
    """One line a run, with its id and how it ended."""
    first, second = stored(tmp_path, three_hops, one_picture)
    lines = call("list", data=tmp_path).stdout.splitlines()

    assert [line.split()[:3] for line in lines[1:3]] == [
        [second, "stillepost", "completed"],
        [first, "stillepost", "completed"],
    ]
    assert lines[-1].strip() == "2 runs"


def test_list_gives_programs_every_field_under_stable_names(tmp_path):
    """One document with `executions`, timestamps in ISO 8601."""
    [execution_id] = stored(tmp_path, safety_level="kids")
    answer, exit_code = call_json("list", data=tmp_path)

    [row] = answer["executions"]
    assert exit_code == 0
    assert (row["execution_id"], row["status"], row["safety_level"]) == (execution_id, "completed", "kids")
    assert {"timestamp", "config_name", "outputs_generated", "items", "trace_id", "revision"} <= set(row)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--config", "stillepost"], 2),
        (["--config", "dada"], 0),
        (["--status", "blocked"], 0),
        (["--since", "today", "--limit", "1"], 1),
        (["--until", "2020-01-01"], 0),
        (["--since", "2020-01-01T00:00:00+02:00"], 2),
    ],
)
def test_list_filters(tmp_path, filters, found):
    """Everything that is given must hold."""
    stored(tmp_path, three_hops, one_picture)

    answer, _ = call_json("list", *filters, data=tmp_path)
    assert len(answer["executions"]) == found


def test_an_empty_data_directory_is_no_error(tmp_path):
    """It says what to do next."""
    result = call("list", data=tmp_path / "nothing")

    assert result.exit_code == 0
    assert "otel-tracking run" in result.stdout


def test_show_finds_a_run_by_its_short_form_and_by_its_beginning(tmp_path):
    """The id, its last eight characters, or enough of its beginning."""
    [execution_id] = stored(tmp_path)

    for text in (execution_id, execution_id[-8:], execution_id[:-2]):
        assert execution_id in call("show", text, data=tmp_path).stdout


def test_show_tells_the_journey_in_order(tmp_path):
    """Each hop with its languages and the text it became, under its stage."""
    [execution_id] = stored(tmp_path)
    lines = call("show", execution_id, data=tmp_path).stdout.splitlines()

    hops = [line.split("  [")[0].strip() for line in lines if "→" in line]
    assert hops == [
        "1  de → en   Eine Blume [en]",
        "2  en → ja   Eine Blume [en] [ja]",
        "3  ja → de   Eine Blume [en] [ja] [de]",
    ]
    assert "2  Interception" in lines


def test_the_tree_has_every_span_and_every_item(tmp_path):
    """Stages, hops, attempts and items, each below what it belongs to."""
    [execution_id] = stored(tmp_path)
    [record] = read_records(tmp_path)
    tree = call("show", execution_id, "--tree", data=tmp_path).stdout

    assert [f"#{item.sequence_number} " in tree for item in record.items] == [True] * len(record.items)
    assert tree.count("chat nemo") == 3
    assert "│   ├── iteration 2" in tree
    assert "not passed: temperature" in tree


def test_a_failed_run_shows_what_failed_where(tmp_path):
    """The error stands at the spans it went through."""

    def fails(run):
        with run.stage(2) as stage, stage.iteration(5) as iteration, iteration.backend_call("ollama", model="nemo"):
            raise RuntimeError("Ollama Error: 500")

    with pytest.raises(RuntimeError):
        stored(tmp_path, fails)
    execution_id = call_json("list", data=tmp_path)[0]["executions"][0]["execution_id"]

    tree = call("show", execution_id, "--tree", data=tmp_path).stdout
    assert "iteration 5" in tree
    assert "failed: RuntimeError Ollama Error: 500" in tree


def test_show_never_obeys_what_it_shows(tmp_path):
    """Escape sequences and markup of a prompt are visible signs, in the journey and in the tree."""

    def hostile(run):
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content=HOSTILE, metadata={"from_lang": "\x1b[31mde"})
            stage.item("\x1b[2Jodd type", content=HOSTILE)

    [execution_id] = stored(tmp_path, hostile, metadata={"note": HOSTILE})
    for options in ([], ["--tree"]):
        shown = call("show", execution_id, *options, data=tmp_path).stdout
        assert "[red]rot[/red] ␛[2J" in shown
        assert not set(shown) & set("\x00\x07\x1b\u202e")


def test_show_json_is_the_record(tmp_path):
    """Every field, readable as the record it was."""
    [execution_id] = stored(tmp_path)
    answer, _ = call_json("show", execution_id, data=tmp_path)

    assert (answer["execution_id"], len(answer["items"])) == (execution_id, 8)


@pytest.mark.parametrize("command", ["show", "export", "verify"])
def test_an_unknown_id_names_what_comes_near(tmp_path, command):
    """Exit code 2 and one sentence."""
    [execution_id] = stored(tmp_path)
    result = call(command, "exec_20200101_000000_00000000", data=tmp_path)

    assert result.exit_code == 2
    assert execution_id in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_exported_document_is_the_same_on_stdout_and_in_a_file(tmp_path, name):
    """One run without --out goes to stdout, byte for byte what a file would hold."""
    [execution_id] = stored(tmp_path)
    path = tmp_path / f"run{FORMATS[name].suffix}"
    result = call("export", execution_id, "--format", name, data=tmp_path)
    call("export", execution_id, "--format", name, "--out", path, data=tmp_path)

    assert result.exit_code == 0
    assert len(path.read_bytes()) == len(result.stdout_bytes)


def test_all_runs_are_exported_into_a_directory(tmp_path):
    """One document a run, named after it; the directory is made."""
    ids = stored(tmp_path, three_hops, broken_chain)
    answer, _ = call_json("export", "--all", "--out", tmp_path / "out", data=tmp_path)

    assert sorted(path.stem for path in (tmp_path / "out").iterdir()) == sorted(ids)
    assert sorted(answer["exported"]) == sorted(ids)
    assert json.loads((tmp_path / "out" / f"{ids[0]}.json").read_text())["execution_id"] == ids[0]


def test_a_page_for_students_in_german_has_its_pictures(tmp_path):
    """Media come from the data directory; options go to the format."""

    def a_real_picture(run):
        with run.output(1) as output, output.stage(3) as stage:
            stage.item(ItemType.STAGE3_SAFETY_CHECK, input_text="a meadow", metadata={"safe": True})
        with run.output(1) as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=PNG)

    [execution_id] = stored(tmp_path, a_real_picture)
    result = call(
        "export", execution_id, "--format", "html", "--audience", "student", "--language", "de", data=tmp_path
    )

    assert '<html lang="de"' in result.stdout
    assert "data:image/png;base64," in result.stdout
    assert "Aufrufe von Modellen" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name one or more runs"),
        (["--all", "--format", "xml", "--language", "de"], "There are none for it"),
        (["--all", "--format", "html", "--audience", "parents"], "'researcher', 'student'"),
        (["--all"], "--out DIR"),
        (["--all", "--format", "jsno"], "Did you mean json"),
    ],
)
def test_an_export_that_cannot_be_is_refused(tmp_path, arguments, says):
    """Exit code 2, and nothing on stdout."""
    stored(tmp_path, three_hops, one_picture)
    result = call("export", *arguments, data=tmp_path)

    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
