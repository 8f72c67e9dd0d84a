"""One recorded run in a new directory, as the README shows it; and how a part is asked for that is not installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from collectors import start_recording
from exporters import ParquetSink
from otel_tracking import ItemType
from otel_tracking.extras import MissingExtra


def one_run() -> tuple[str, str]:
    """The directory and the run's id."""
    data = tempfile.mkdtemp(dir=sys.argv[1])
    with (
        start_recording(sinks=[ParquetSink(data)]) as recording,
        recording.tracker().execution("my_pipeline", safety_level="kids") as run,
        run.stage(1) as stage,
    ):
        stage.item(ItemType.USER_INPUT_TEXT, content="Eine Blume")
    return data, run.execution_id


def lacks(ask: Callable[[], object], sentence: str) -> None:
    """Check that asking raises `MissingExtra` with the sentence and what to install."""
    try:
        ask()
    except MissingExtra as missing:
        assert str(missing) == f"{sentence}: pip install 'otel-tracking[{missing.extra}]'", missing
    else:
        raise AssertionError(f"nothing was missing, not: {sentence}")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What `otel-tracking` of this environment says."""
    script = Path(sys.executable).with_name("otel-tracking")
    return subprocess.run([script, *arguments], capture_output=True, text=True, cwd=sys.argv[1])


def refuses(sentence: str, *arguments: str) -> None:
    """Check that a command ends with 2 and the sentence, and without a traceback."""
    ran = command(*arguments)
    assert ran.returncode == 2, ran
    assert ran.stderr.startswith(f"otel-tracking: {sentence}: pip install 'otel-tracking["), ran
    assert ran.stderr.count("\n") == 1, ran
