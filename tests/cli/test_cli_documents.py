"""What the documents say about the command line is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_stage import ROOT, call, stored

from devserver.cli.app import COMMANDS, command_line
from otel_tracking import ItemType

README = (ROOT / "README.md").read_text()
PAGE = (ROOT / "docs" / "command-line.md").read_text()
SECTIONS = {part.split("\n")[0]: part for part in PAGE.split("\n## ")[1:]}


def code_blocks(text):
    """The Python blocks of a document."""
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def run_block(block, directory):
    """What a block prints, run in a directory of its own."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{block}"
    done = subprocess.run([sys.executable, "-c", program], cwd=directory, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shrinking(run):
    """Six hops, each with a shorter text."""
    with run.stage(2) as stage:
        for number in range(1, 7):
            with stage.iteration(number) as iteration:
                iteration.item(
                    ItemType.INTERCEPTION_ITERATION, content="x" * (20 - number), input_text="x" * (21 - number)
                )


def growing(run):
    """Six hops, each with a longer text."""
    with run.stage(2) as stage:
        for number in range(1, 7):
            with stage.iteration(number) as iteration:
                iteration.item(
                    ItemType.INTERCEPTION_ITERATION, content="x" * (20 + number), input_text="x" * (19 + number)
                )


def test_every_command_has_a_section_and_a_line_in_the_readme():
    """Whoever adds a command describes it in docs/command-line.md and names it in README.md."""
    assert sorted(SECTIONS) == sorted(COMMANDS)
    assert [name for name in COMMANDS if f"`otel-tracking {name}" not in README] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described(name):
    """The page has each option of each command; those of all commands stand at its beginning."""
    command = command_line.get_command(None, name)
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}

    assert {option for option in options if option not in SECTIONS[name] + PAGE.split("\n## ")[0]} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_itself(name):
    """`--help` tells what it does, and the list of commands says the same as the command."""
    assert call(name, "--help").exit_code == 0
    assert COMMANDS[name].endswith(".")


@pytest.mark.parametrize("words", [[], ["study"], ["consent"]])
def test_a_command_that_needs_another_shows_its_help_as_it_is_laid_out(words):
    """Not as one sentence: lines, on standard error, and other arguments would have worked."""
    result = call(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[0].endswith(" ".join([*words, "[OPTIONS] COMMAND [ARGS]..."]))
    assert "\nCommands:\n" in result.stderr


def test_the_readme_s_query_finds_the_runs_whose_text_got_shorter(tmp_path):
    """More than five hops and a shorter text at the end; runs that grew and short runs are not among them."""
    shorter, longer = stored(tmp_path / "demo-data", shrinking, growing)
    [few_hops] = stored(tmp_path / "demo-data")
    [query] = [block for block in code_blocks(README) if "connect(" in block]
    told = run_block(query, tmp_path)

    assert shorter in told
    assert longer not in told
    assert few_hops not in told


def test_the_readme_s_orchestrator_runs_and_leaves_a_record(tmp_path):
    """The example can be pasted; it prints the id of a record that is right."""
    [example] = [block for block in code_blocks(README) if "tracker.execution" in block]
    execution_id = run_block(example, tmp_path).strip()
    result = call("verify", execution_id, data=tmp_path / "data")

    assert result.exit_code == 0
    assert "configured but never passed: temperature" in result.stdout


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_into_the_repository_lead_somewhere(document):
    """Every file that is linked is there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / document).read_text())

    assert [link for link in links if not Path(ROOT / link).exists()] == []


def test_every_chore_is_listed_by_make():
    """`make` without a chore tells them all, with what they do."""
    told = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout

    for chore in ("demo", "test", "check", "bench", "golden", "clean"):
        assert re.search(rf"^  {chore} +\w", told, re.MULTILINE)
