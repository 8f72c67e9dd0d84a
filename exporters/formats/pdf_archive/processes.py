"""Run the engine in a process where it can work.

It keeps threads of its own, and a forked child inherits their locks without them: there it would wait for ever. A
server that forks its workers may have made a document before.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_HELPER = "import pickle, sys; f, a = pickle.load(sys.stdin.buffer); sys.stdout.buffer.write(pickle.dumps(f(*a)))"
_TOO_LONG = 300
"""Seconds after which a helper process is given up."""


class _Engine:
    was_used = False
    is_broken = False


def run(function: Callable[..., Result], *arguments: object) -> Result:
    """What the function returns: called here or, after a fork that broke the engine, in a new process.

    Function, arguments and result can be pickled. Raises `OSError` or `subprocess.SubprocessError` where a new process
    is needed and does not work.
    """
    if _Engine.is_broken:
        return _elsewhere(function, arguments)
    _Engine.was_used = True
    return function(*arguments)


def _elsewhere(function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    ran = subprocess.run(
        # -P: otherwise a module that somebody left in the working directory would be imported first.
        [sys.executable, "-P", "-c", _HELPER],
        input=pickle.dumps((function, arguments)),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        timeout=_TOO_LONG,
        check=True,
    )
    result: Result = pickle.loads(ran.stdout)
    return result


def _notice_fork() -> None:
    _Engine.is_broken = _Engine.was_used or _Engine.is_broken


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_notice_fork)
