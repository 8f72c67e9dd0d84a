"""Write files that are there whole or not at all, private, and durable when it is done."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from otel_tracking.erasure import Step

_LEFT = ".new"


def write_whole(path: Path, content: bytes, step: Step = lambda name: None) -> None:
    """Other content at `path`: what is there is the one or the other. `step` is told what is about to be done."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_LEFT}")
    step(f"write {path.name}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        step(f"rename {path.name}")
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Have the names in a directory survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
