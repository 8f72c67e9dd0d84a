"""The example runs as it stands, and leaves a record that can be read."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_prints_where_its_record_is(tmp_path):
    """Run by hand it names the execution and the directory; the dataset there holds that execution."""
    finished = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "wrap_your_orchestrator.py"), str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    execution_id = finished.stdout.split()[0]

    assert str(tmp_path / "data") in finished.stdout
    from exporters import read_records

    (record,) = read_records(tmp_path / "data")
    assert (record.execution_id, record.status, record.outputs_generated) == (execution_id, "completed", 1)
    assert [item.model_used for item in record.items if item.stage_iteration] == ["reverser"] * 3
