"""What the tests of places share: a planted name, a look at every byte, and a death at every step."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from otel_tracking.erasure import Place, RunId

PLANTED = "Annabell-Zwirnbart"
"""A name that stands in everything of the runs that are erased, and in nothing of others."""

OTHER = "Benjamin-Tulpenfeld"


def nothing(_: str) -> None:
    """A step that does nothing."""


def is_planted(record: Any) -> bool:
    """Whether a run is that of the planted user."""
    return record.user_id == PLANTED


def files_with(directory: Path, text: str | bytes) -> list[Path]:
    """The files below a directory, hidden ones too, that have these bytes in them or in their name."""
    wanted = text.encode() if isinstance(text, str) else text
    found = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    return [path for path in found if wanted in path.read_bytes() or wanted in path.name.encode()]


def bytes_of(directory: Path) -> dict[str, bytes]:
    """All files below a directory."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def erase(place: Place, step: Callable[[str], None] = nothing) -> tuple[frozenset[RunId], list[Any]]:
    """Erase what is planted there; the runs that were found, and what came of it."""
    runs = frozenset(place.find(is_planted))
    return runs, list(place.erase(runs, step))


def killed_at_every_step(
    original: Path, copy: Path, make: Callable[[Path], Place], check: Callable[[Path], None]
) -> int:
    """Erase in a copy, killed at the first step, the second, and so on, and then again to the end; how many there are.

    `check` looks at the copy after each.
    """
    runs = frozenset(make(original).find(is_planted))
    for number in count(1):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(original, copy, symlinks=True)
        if not _dies(lambda copy=copy, number=number: make(copy).erase(runs, _deadly(number))):
            check(copy)
            return number - 1
        list(make(copy).erase(runs, nothing))
        check(copy)
    raise AssertionError


def _deadly(number: int) -> Callable[[str], None]:
    left = iter(range(number - 1))

    def step(_: str) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def _dies(work: Callable[[], Any]) -> bool:
    child = os.fork()
    if child == 0:
        try:
            list(work())
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), f"the child ended with status {status}"
    return status != 0
