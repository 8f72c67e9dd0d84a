"""The stage set of the command line's tests: call a command, and records to call it on."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from collectors import start_recording
from devserver.cli.app import command_line
from devserver.testing import ScriptedMaker, scripted_engines
from exporters import ParquetSink
from otel_tracking import ItemType

ROOT = Path(__file__).parents[2]

HOSTILE = "Blume [red]rot[/red] \x1b[2J\x1b]0;Titel\x07 \u202e kehrt :smile: \x00"
"""Rich markup, an erased screen, a window title, reversed text, an emoji code and NUL."""


def call(*arguments, engines=None, stdin=None, data=None):
    """What `otel-tracking` answers: `exit_code`, `stdout`, `stderr`."""
    options = ["--data", str(data)] if data else []
    runner = CliRunner(env={"OTEL_TRACKING_DATA": None, "DEVSERVER_JOURNAL": "off", "OTEL_TRACKING_DEBUG": None})
    obj = engines or scripted_engines(procedural_image=ScriptedMaker())
    result = runner.invoke(command_line, [*map(str, arguments), *options], input=stdin, obj=obj)
    assert "Traceback" not in result.output
    return result


def call_json(*arguments, **options):
    """The one JSON document on stdout, and the exit code."""
    result = call(*arguments, "--json", **options)
    return json.loads(result.stdout), result.exit_code


def stored(data_dir, *pipelines, **fields):
    """The execution ids of runs of these pipelines, recorded into a data directory."""
    ids = []
    with start_recording([ParquetSink(data_dir)], journal=False) as recording:
        for pipeline in pipelines or (three_hops,):
            with recording.tracker().execution("stillepost", **fields) as run:
                pipeline(run)
            ids.append(run.execution_id)
        assert recording.flush(timeout=30)
    return ids


def three_hops(run):
    """Stille Post with three hops; one configured parameter is not passed."""
    text = "Eine Blume"
    with run.stage(1) as stage:
        stage.item(ItemType.USER_INPUT_TEXT, content=text)
    with run.stage(2) as stage:
        for number, (source, target) in enumerate((("de", "en"), ("en", "ja"), ("ja", "de")), start=1):
            with stage.iteration(number) as iteration:
                with iteration.backend_call("ollama", model="nemo", configured={"temperature": 0.7}) as attempt:
                    attempt.passed({"prompt": text})
                given, text = text, f"{text} [{target}]"
                iteration.item(
                    ItemType.INTERCEPTION_ITERATION,
                    content=text,
                    input_text=given,
                    metadata={"from_lang": source, "to_lang": target},
                )
        stage.item(ItemType.INTERCEPTION_FINAL, content=text)


def one_picture(run):
    """A run with one output."""
    with run.output(1, config_used="weimar") as output, output.stage(4) as stage:
        stage.item(ItemType.OUTPUT_IMAGE, media=b"not really a picture", metadata={"width": 64, "height": 48})


def broken_chain(run):
    """Two hops that were both given the prompt."""
    with run.stage(2) as stage:
        for number in (1, 2):
            with stage.iteration(number) as iteration:
                iteration.item(ItemType.INTERCEPTION_ITERATION, content=f"text {number}", input_text="the prompt")
