"""Run a Python program in a process of its own: for deaths, forks and hostile environments."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


NOBODY = 65534


def become_nobody(directory: Path) -> None:
    """Go on as a user who owns `directory` and nothing else, where this is root, who may do everything."""
    if os.geteuid() != 0:
        return
    for path in (directory, *directory.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def others_may_read(directory: Path) -> bool:
    """Whether a user who owns nothing here could import from there."""
    may_pass = all(place.stat().st_mode & 0o001 for place in directory.parents)
    return may_pass and directory.stat().st_mode & 0o005 == 0o005


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
