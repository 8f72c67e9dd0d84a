"""Run a program with text on its standard input, and stop it with all its children in time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from devserver.backends.errors import EngineFailed


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """What a program wrote, and how it ended."""

    stdout: str
    stderr: str
    exit_status: int


def run(argv: Sequence[str], *, text: str = "", timeout_s: float) -> ProgramOutput:
    """The output of a program that was given `text`, both UTF-8 whatever the user's locale is.

    Raises EngineFailed when it does not end within `timeout_s` seconds.
    """
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        # Its own group: a pipeline's children would otherwise outlive it and hold the pipes open.
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(text.encode(), timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise EngineFailed(
            f"{argv[0]} did not end within {timeout_s:g} s on {len(text)} characters and was stopped; "
            "a shorter text or a longer timeout would help"
        ) from None
    finally:
        _stop_group(process)
    return ProgramOutput(stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"), process.returncode)


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@cache
def package_version(package: str) -> str | None:
    """The installed version of a Debian package, asked for once; None when it is not installed.

    >>> package_version("no-such-package-anywhere") is None
    True
    """
    argv = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", package]
    try:
        finished = run(argv, timeout_s=10)
    except (OSError, EngineFailed):
        return None  # Not a Debian machine: the version stays unknown, the work goes on.
    return finished.stdout[3:] if finished.stdout.startswith("ii ") else None
