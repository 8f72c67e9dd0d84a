"""Say it when several processes serve the same data: each knows only the runs that are under way in itself."""

from __future__ import annotations

import fcntl
import logging
import os
import weakref
from pathlib import Path

from exporters.storage.files import PRIVATE_FILE

_log = logging.getLogger(__name__)


def claim(data_dir: Path, holder: object) -> bool:
    """Whether no other process serves that directory, as long as `holder` lives; a warning where one does.

    The kernel frees the claim with the process, however it dies; a forked child does not inherit it, and two servers
    of one process do not get into each other's way.
    """
    try:
        descriptor = os.open(data_dir / ".serving.lock", os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    except OSError:
        return True  # whether records can be stored there is not the question here
    weakref.finalize(holder, os.close, descriptor)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        _log.warning(
            "another process serves %s too: runs under way there are not seen here, only when they have ended. "
            "One process with threads is what this server is made for",
            data_dir,
        )
        return False
    return True
