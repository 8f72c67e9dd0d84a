"""Keep what an error says out of the log of connections: it may hold what a child wrote. Where it came up is enough."""

from __future__ import annotations

import logging
import traceback


def without_its_message(entry: logging.LogRecord) -> bool:
    """A filter of a logger: an error's class and the places it passed stand in for its traceback."""
    if entry.exc_info and entry.exc_info[0] is not None:
        kind, _, trace = entry.exc_info
        places = "".join(traceback.format_tb(trace))
        # Nor what was asked for: it is what somebody typed.
        entry.msg, entry.args = f"{entry.msg}: {kind.__name__}\n{places}".replace("%s", "…"), ()
        entry.exc_info = entry.exc_text = None
    return True
