"""Every command speaks on every terminal: one that knows few letters, and none at all."""

import json
import os
import re
import subprocess
import sys

import pytest
from cli_stage import ROOT, broken_chain, one_picture, stored, three_hops
from click.testing import CliRunner

from devserver.cli.app import command_line
from devserver.testing import ScriptedMaker, scripted_engines

ENCODINGS = ["ascii", "latin-1", "cp1252", "cp437", "utf-8"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where runs are stored, one with a broken chain and one with a picture, and the id of the first."""
    data_dir = tmp_path_factory.mktemp("data")
    return data_dir, stored(data_dir, three_hops, broken_chain, one_picture)[0]


@pytest.fixture
def data(kept):
    return kept[0]


@pytest.fixture
def run_id(kept):
    return kept[1]


def call(*arguments, data, encoding):
    """The command's result on a terminal of that encoding; nothing ended in an exception of ours."""
    runner = CliRunner(charset=encoding, env={"DEVSERVER_JOURNAL": "off", "OTEL_TRACKING_DEBUG": None})
    engines = scripted_engines(procedural_image=ScriptedMaker())
    result = runner.invoke(command_line, [*map(str, arguments), "--data", str(data)], obj=engines)
    assert "unexpected" not in result.stderr
    return result


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", [["show"], ["show", "--tree"], ["list"], ["verify", "--all"], ["diff"]])
def test_a_command_speaks_in_any_encoding(command, encoding, data, run_id):
    """Signs that an encoding lacks become plain ones, other letters their code; nothing is left out."""
    name, *options = command
    ids = {"list": [], "verify": [], "diff": [run_id, run_id]}.get(name, [run_id])
    result = call(name, *options, *ids, data=data, encoding=encoding)
    assert result.exit_code in (0, 1)
    assert result.stdout_bytes.decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_run_is_shown_in_any_encoding(encoding, data):
    """While it goes on, and its ending."""
    result = call("run", "image_comparison", "Eine Blume – 月に歌う", data=data, encoding=encoding)
    assert result.exit_code == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_missing_is_marked_in_any_encoding(encoding):
    """`configs` marks engines that are not there with a sign that ASCII does not have."""
    result = CliRunner(charset=encoding).invoke(command_line, ["configs"])
    assert result.exit_code == 0
    assert ("✗" if encoding == "utf-8" else "x comfyui") in result.stdout_bytes.decode(encoding)


def test_json_is_utf8_on_every_terminal(data, run_id):
    """A program reads the same bytes wherever it calls from."""
    shown = [call("show", run_id, "--json", data=data, encoding=encoding).stdout_bytes for encoding in ENCODINGS]
    assert len(set(shown)) == 1
    assert json.loads(shown[0])["execution_id"] == run_id


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_a_closed_stdout_is_no_trouble(closed, data):
    """Nobody reads: the exit code is all there is."""
    command = f'exec "$0" -m devserver.cli list --data "$1" {closed}'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(["sh", "-c", command, sys.executable, str(data)], env=environment, capture_output=True)
    assert ended.returncode == 0
    assert ended.stderr == b""


def test_one_place_writes_to_terminals():
    """Sentences go through `say` and consoles; `click.echo` is for bytes, which no terminal's encoding concerns."""
    sources = {path.name: path.read_text("utf-8") for path in (ROOT / "devserver" / "cli").rglob("*.py")}
    writers = {name for name, text in sources.items() if re.search(r"^\s+(click\.echo|print)\(", text, re.MULTILINE)}
    assert writers == {"streams.py", "output.py", "exporting.py", "complaints.py"}
