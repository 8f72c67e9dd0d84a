"""The command line as a process of its own: started by a shell, stopped with Ctrl-C, read by a pipe."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from devserver.embedded.translation.freedict import FreeDict
from exporters import read_records

ROOT = Path(__file__).parents[2]

needs_dictionaries = pytest.mark.skipif(
    ("de", "en") not in FreeDict().pairs(), reason="German dictionaries are not installed: tools/install_engines.sh"
)

SLOW = """
import sys
from devserver.cli.app import command_line
from devserver.testing import ScriptedMaker, scripted_engines

def wait(text, seed):
    print("waiting", flush=True)
    sys.stdin.read()

command_line.main(obj=scripted_engines(procedural_image=ScriptedMaker(wait)))
"""
"""A run that waits inside a backend until somebody stops it."""


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "OTEL_TRACKING_DATA": ""}


def start(*arguments, program=None, **options):
    """A process of the command line with pipes on all sides."""
    begin = ["-c", program] if program else ["-m", "devserver.cli"]
    return subprocess.Popen(
        [sys.executable, *begin, *map(str, arguments)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_help_imports_nothing_heavy():
    """`otel-tracking --help` waits for neither pyarrow nor OpenTelemetry nor rich."""
    program = (
        "import sys\nfrom devserver.cli.app import command_line\n"
        "try:\n    command_line.main(['--help'])\nfinally:\n"
        "    print(sorted({'pyarrow', 'opentelemetry', 'rich', 'duckdb'} & set(sys.modules)), file=sys.stderr)"
    )
    told, complained = start(program=program).communicate(timeout=60)

    assert b"verify" in told
    assert complained.strip() == b"[]"


def test_ctrl_c_is_recorded_and_ends_with_130(tmp_path):
    """The signal ends the run, not its record."""
    process = start(
        *("run", "image_comparison", "Blume", "--data", tmp_path),
        program=SLOW,
        stdin=subprocess.PIPE,
        # Tests that run in the background of a shell inherit a signal that is ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    while b"waiting" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    [record] = read_records(tmp_path)
    assert (process.returncode, record.status) == (130, "cancelled")


def test_a_reader_that_has_seen_enough_is_no_trouble(tmp_path):
    """`otel-tracking … | head -1` ends without a word on stderr."""
    process = start("list", "--data", tmp_path)
    process.stdout.close()
    complained = process.stderr.read()
    process.wait(timeout=60)

    assert complained == b""


def test_pictures_are_made_without_any_installed_engine(tmp_path):
    """An English prompt needs no dictionary; the real painters make real files."""
    arguments = ["run", "image_comparison", "A house on the hill", "--data", tmp_path, "--json"]
    told, _ = start(*arguments).communicate(timeout=120)

    answer = json.loads(told)
    assert answer["status"] == "completed"
    assert [Path(file["path"]).stat().st_size for file in answer["files"]] == [
        file["bytes"] for file in answer["files"]
    ]


@needs_dictionaries
def test_a_german_prompt_is_translated_and_its_umlauts_survive_a_c_locale(tmp_path):
    """The prompt as it was typed, the text it became, on a machine without a locale."""
    arguments = ["run", "image_comparison", "Ein grünes Haus", "--data", tmp_path, "--json", "--safety-level", "youth"]
    told, _ = start(*arguments).communicate(timeout=120)

    [record] = read_records(tmp_path)
    assert record.items[1].content == "Ein grünes Haus"
    assert json.loads(told)["final_text"] != "Ein grünes Haus"
