"""Run a Python program in a process of its own: for deaths, forks and hostile environments."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def start_python(program: str, *arguments: object, **environment: str) -> subprocess.Popen[bytes]:
    """Start `program`; its standard output is a pipe."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )


def run_python(program: str, *arguments: object, **environment: str) -> str:
    """What `program` prints; it must end well."""
    child = start_python(program, *arguments, **environment)
    told, _ = child.communicate(timeout=60)
    assert child.returncode == 0, f"the child ended with {child.returncode}"
    return told.decode()
