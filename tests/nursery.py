"""Children that begin where the imports of a program ended: for programs that are killed at one step after another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from children import ROOT

_PROGRAM = """
import importlib, json, os, sys

module = importlib.import_module(sys.argv[1])
for line in sys.stdin:
    told, *sys.argv[1:] = json.loads(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    else:
        os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT), 1)
        module.main()
        break
"""


class Nursery:
    """A process that has imported a module and waits; its children call the `main` of it."""

    def __init__(self, process: subprocess.Popen[str], place: Path) -> None:
        self._process, self._told = process, place / "told"

    def run(self, *arguments: object) -> tuple[int, str]:
        """How a child with these arguments ended, as `Popen.returncode` says it, and what it printed."""
        self._told.unlink(missing_ok=True)
        self._process.stdin.write(json.dumps([str(self._told), *map(str, arguments)]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return code, self._told.read_text() if self._told.exists() else ""


@contextmanager
def nursery_of(module: str, directory: Path) -> Iterator[Nursery]:
    """One for `module`, which lies in `directory`."""
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests", directory)))
    command = [sys.executable, "-c", _PROGRAM, module]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        TemporaryDirectory() as place,
        subprocess.Popen(command, **pipes, env=os.environ | {"PYTHONPATH": paths}) as process,
    ):
        yield Nursery(process, Path(place))
        process.stdin.close()
