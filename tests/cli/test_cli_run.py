"""`otel-tracking run` with scripted engines: what is shown, what is kept, how it ends."""

import io

import pytest
from cli_stage import HOSTILE, call, call_json
from rich.console import Console

from collectors.testing import WaitingSink
from devserver.cli.commands.run_command import run_and_watch
from devserver.embedded import embedded_engines
from devserver.pipeline import Request
from devserver.settings import Settings
from devserver.testing import ScriptedMaker, ScriptedSafety, ScriptedTranslator, scripted_engines
from devserver.wiring import open_devserver
from exporters import read_records


def test_a_run_shows_every_hop_and_is_stored_when_the_command_ends(tmp_path):
    """The journey is on stdout hop by hop, and the record that is named can be read at once."""
    result = call("run", "stillepost", "Eine Blume", data=tmp_path)

    [record] = read_records(tmp_path)
    assert result.exit_code == 0
    assert record.execution_id in result.stdout
    assert "1  de → en   Eine Blume [en]  [ollama mistral-nemo" in result.stdout
    assert "completed after" in result.stdout


def test_json_is_one_document_on_stdout_and_the_journey_goes_to_stderr(tmp_path):
    """A program reads stdout, a person follows on stderr."""
    result = call("run", "image_comparison", "Eine Blume", "--json", data=tmp_path)
    answer, _ = call_json("run", "image_comparison", "Eine Blume", "--quiet", data=tmp_path)

    assert "Interception" in result.stderr
    assert result.stdout.count("\n") == 1
    assert set(answer) == {
        *(
            "execution_id",
            "trace_id",
            "trace_url",
            "trace_trouble",
            "status",
            "is_stored",
            "final_text",
            "error",
            "files",
        ),
        *("total_execution_time", "data_dir", "exit_code"),
    }
    assert [file["config_used"] for file in answer["files"]] == ["weimar", "dessau"]
    assert (answer["status"], answer["is_stored"], answer["exit_code"]) == ("completed", True, 0)


def test_quiet_shows_only_how_it_ended(tmp_path):
    """With --quiet there is no journey, but the final text and where the record is."""
    result = call("run", "stillepost", "Eine Blume", "--quiet", data=tmp_path)

    assert "Interception" not in result.stdout
    assert result.stdout.strip().startswith("Eine Blume [en]")
    assert "is stored in" in result.stdout


def test_parameters_go_to_the_engines_that_have_them(tmp_path):
    """Numbers are numbers, words are words; the poem knows no width, and the run is made all the same."""
    parameters = ("--param", "width=64", "--param", "dessau.height=96", "--param", "steps=3", "--param", "cut=lines")
    result = call("run", "dada", "Eine Blume", "--quiet", *parameters, engines=embedded_engines(), data=tmp_path)

    [record] = read_records(tmp_path)
    poem, picture = (call for call in record.attempts if call.backend_used in ("dada", "procedural_image"))
    assert (result.exit_code, record.status) == (0, "completed")
    assert poem.configured["cut"] == "lines"
    assert [picture.configured[name] for name in ("width", "height", "steps")] == [64, 96, 3]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("width", "'width' has no name and value; width=256 would work"),
        ("widht=64", "closest are width, height; known are cfg, "),
        ("dessau.cut=words", "no parameter 'cut' of procedural_image (configuration dada)"),
    ],
)
def test_a_parameter_that_nobody_has_is_refused_before_anything_runs(tmp_path, said, complaint):
    """Exit code 2, one sentence, nothing stored."""
    result = call("run", "dada", "Eine Blume", "--param", said, engines=embedded_engines(), data=tmp_path)

    assert (result.exit_code, list(read_records(tmp_path))) == (2, [])
    assert complaint in result.stderr


def test_help_says_where_the_configurations_are_listed():
    """Nobody has to guess a name."""
    assert "otel-tracking configs" in " ".join(call("run", "--help").stdout.split())


def test_a_block_is_an_outcome(tmp_path):
    """A blocked prompt ends with exit code 0, says why, and is recorded."""
    engines = scripted_engines(check_safety=ScriptedSafety(terms={"ISIS": "§86a"}))
    result = call("run", "stillepost", "Eine ISIS Flagge", engines=engines, data=tmp_path)

    [record] = read_records(tmp_path)
    assert (result.exit_code, record.status) == (0, "blocked")
    assert "not safe: §86a (ISIS)" in result.stdout
    assert "an outcome, not an error" in result.stdout


def test_a_failed_hop_ends_with_exit_code_1_and_is_recorded(tmp_path):
    """The engine's own words are shown, and the record has the hops before."""
    engines = scripted_engines(translator=ScriptedTranslator(fails_at=3))
    result = call("run", "stillepost", "Eine Blume", engines=engines, data=tmp_path)

    [record] = read_records(tmp_path)
    assert (result.exit_code, record.status) == (1, "error")
    assert "Loop iteration 3 failed: Backend error: Ollama Error: 500" in result.stdout
    assert record.execution_id in result.stdout


def test_ctrl_c_ends_with_130_and_the_record_says_cancelled(tmp_path):
    """A person who stops a run finds it, with everything up to then."""

    def stop(text, seed):
        raise KeyboardInterrupt

    engines = scripted_engines(procedural_image=ScriptedMaker(stop))
    result = call("run", "image_comparison", "Eine Blume", engines=engines, data=tmp_path)

    [record] = read_records(tmp_path)
    assert (result.exit_code, record.status) == (130, "cancelled")
    assert "the run was stopped" in result.stdout


def test_hostile_text_is_shown_as_text_and_kept_as_it_is(tmp_path):
    """Nothing a person types can move the cursor or colour the screen; the record has every character."""
    result = call("run", "image_comparison", "-", stdin=HOSTILE, data=tmp_path)

    [record] = read_records(tmp_path)
    assert "[red]rot[/red] ␛[2J␛]0;Titel␇ ⟨U+202E⟩ kehrt :smile: ␀" in result.stdout
    assert "\x1b" not in result.stdout
    assert record.items[1].content == HOSTILE


def test_a_prompt_of_100_kilobytes_runs_where_it_may(tmp_path, monkeypatch):
    """The operator says how long one may be; the terminal shows the beginning and says how long it is."""
    monkeypatch.setenv("DEVSERVER_LONGEST_PROMPT", "200000")
    prompt = ("Eine Blume. " * 8_500).rstrip()
    result = call("run", "image_comparison", "-", stdin=prompt, data=tmp_path)

    [record] = read_records(tmp_path)
    assert result.exit_code == 0
    assert "(101,999 characters)" in result.stdout
    assert record.items[1].content == prompt


def test_options_reach_the_record(tmp_path):
    """Seed, mode, safety level and languages are those of the command line."""
    options = ["--seed", "7", "--mode", "fast", "--safety-level", "youth", "--languages", "en, es"]
    call("run", "stillepost", "Eine Blume", *options, data=tmp_path)

    [record] = read_records(tmp_path)
    [final] = [item for item in record.items if item.item_type == "interception_final"]
    assert (record.used_seed, record.execution_mode, record.safety_level) == (7, "fast", "youth")
    assert final.metadata["language_sequence"] == ["de", "en", "es"]


def test_a_configuration_file_of_ones_own_runs(tmp_path):
    """With --config-file the only argument is the prompt."""
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[interception]\nkind = "translation_chain"\nhops = 2\nlanguages = ["en", "de"]\n')
    result = call("run", "--config-file", path, "Eine Blume", data=tmp_path / "data")

    assert result.exit_code == 0
    assert [record.config_name for record in read_records(tmp_path / "data")] == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "no CONFIG"),
        (["run", "stillepost"], "no PROMPT"),
        (["run", "stillepost", ""], "the prompt is empty"),
        (["run", "stilepost", "x"], "closest are stillepost"),
        (["run", "stillepost", "x", "--mode", "slow"], "'slow' is not one of"),
        (["run", "stillepost", "x", "--config-file", "y.toml"], "both given"),
        (["run", "--config-file", "nowhere.toml", "x"], "nowhere.toml: cannot be read"),
        (["rum", "stillepost", "x"], "No such command"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(tmp_path, arguments, says):
    """Bad arguments: exit code 2, one line on stderr that says what came in, nothing on stdout, nothing stored."""
    result = call(*arguments, data=tmp_path / "data")

    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert result.stderr.startswith("otel-tracking: ")
    assert result.stderr.count("\n") == 1
    assert list(read_records(tmp_path / "data")) == []


def test_a_broken_configuration_file_is_named(tmp_path):
    """The file and what is wrong with it."""
    path = tmp_path / "mine.toml"
    path.write_text("name = [")
    result = call("run", "--config-file", path, "x", data=tmp_path / "data")

    assert result.exit_code == 2
    assert "mine.toml: is not TOML" in result.stderr


def test_a_data_directory_that_cannot_be_used_is_refused_before_anything_runs(tmp_path):
    """The directory is named, and what would work."""
    (tmp_path / "file").write_text("in the way")
    result = call("run", "stillepost", "x", data=tmp_path / "file" / "data")

    assert result.exit_code == 2
    assert str(tmp_path / "file" / "data") in result.stderr
    assert "would work" in result.stderr


def test_a_record_that_is_not_stored_yet_is_never_called_stored(tmp_path, ram):
    """When the sink hangs, the command fails, names the run and says how to get its record."""
    sink, stream = WaitingSink(), io.StringIO()
    settings = Settings(data_dir=tmp_path, journal=ram)
    with open_devserver(settings, engines=scripted_engines(), sinks=[sink]) as devserver:
        request = Request(prompt="Eine Blume")
        ending = run_and_watch(devserver, request, Console(file=stream, width=200), quiet=True, flush_seconds=0)
        sink.release()

    assert (ending.exit_code, ending.record) == (1, None)
    assert f"The record of {ending.execution_id} is not stored" in stream.getvalue()
    assert f"otel-tracking recover --data {tmp_path}" in stream.getvalue()


@pytest.mark.parametrize("languages", ["es,xx", "xx"])
def test_a_language_that_nobody_translates_to_is_refused(tmp_path, languages):
    """With what would have worked, and without a run."""
    answer = call("run", "stillepost", "Eine Blume auf der Wiese", "--languages", languages, data=tmp_path)

    assert answer.exit_code != 0
    assert "nobody here translates from" in answer.stderr
    assert "would work" in answer.stderr
    assert not list(tmp_path.glob("executions/**/*.parquet"))
