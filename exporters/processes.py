"""Start a process that runs a few lines of this project, and nothing that lies where it is started."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

_SILENT = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def start_beside(program: str, *arguments: str | bytes, **options: Any) -> subprocess.Popen[Any]:
    """A process of the same interpreter and the same modules; it is silent unless `options` of `Popen` say otherwise.

    >>> start_beside("import exporters").wait()
    0
    """
    return subprocess.Popen(
        # -P: the folder it is started in may be anybody's.
        [sys.executable, "-P", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        # Ctrl-C in the server's terminal is for the server.
        start_new_session=True,
        **{**_SILENT, **options},
    )
