"""Virtual environments with nothing but what a test installs into them."""

from __future__ import annotations

import functools
import os
import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "tools" / "constraints.txt"
SURROUNDINGS = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PYTHON", "DEVSERVER_", "OTEL_", "VIRTUAL_"))
}


def run(*command: object, **more: str) -> str:
    """What a command says; an `AssertionError` with all of it where the command fails."""
    ran = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=SURROUNDINGS | more)
    assert ran.returncode == 0, f"{' '.join(map(str, command))}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@functools.cache
def _told_to_pip() -> dict[str, str]:
    """In the words of uv; pip is asked once, for it takes half a second to answer."""
    told = runpy.run_path(str(ROOT / "tools" / "uv_as_pip.py"))
    words: dict[str, str] = told["in_the_words_of_uv"](told["settings_of_pip"]())
    return words


def uv(*arguments: object) -> None:
    """With the index that pip has been told of."""
    run(sys.executable, "-m", "uv", "--quiet", *arguments, **_told_to_pip() | SURROUNDINGS)


def pip(*arguments: object) -> None:
    """The pip of this environment."""
    run(sys.executable, "-m", "pip", "--quiet", *arguments)


def install(environment: Path, wanted: object, *, constraints: Path | None = CONSTRAINTS) -> None:
    """`wanted` in a new environment that may be moved, in the versions pinned; pip installs it where uv cannot."""
    pinned = ("--constraint", constraints) if constraints else ()
    uv("venv", "--relocatable", "--python", sys.executable, environment)
    try:
        uv("pip", "install", "--python", environment, *pinned, wanted)
    except AssertionError:
        pip("--python", environment, "install", *pinned, wanted)
