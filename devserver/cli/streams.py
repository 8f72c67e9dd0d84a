"""Make stdout and stderr take every text, whatever a terminal's encoding is, and even where they are closed."""

from __future__ import annotations

import codecs
import logging
import os
import sys
from pathlib import Path
from typing import TextIO

_PLAIN_SIGNS = str.maketrans(
    {"→": "->", "·": "-", "…": "...", "✗": "x", "×": "x", "–": "-", "—": "-", "’": "'", "⟨": "<", "⟩": ">"}
)
"""What stands for the signs of our own sentences where an encoding has none of them."""


def ready_streams() -> None:
    """From now on nothing that is written to stdout or stderr raises for want of a letter or of a stream."""
    codecs.register_error("plain_signs", _plain_signs)
    sys.stdout, sys.stderr = _ready(sys.stdout), _ready(sys.stderr)


def say(sentence: str = "", *, err: bool = False) -> None:
    """Put a line on stdout, or stderr, in the terminal's own encoding: `click.echo` takes every ASCII for UTF-8."""
    print(sentence, file=sys.stderr if err else sys.stdout, flush=True)


def tell_once() -> None:
    """From now on the log says each thing once on stderr: a store of ten thousand runs has many of the same kind."""
    if logging.lastResort is not None:
        logging.lastResort.filters[:] = [_Once()]


def mind_the_log() -> None:
    """Keep the log off the terminal: a command says what went wrong, once; OTEL_TRACKING_DEBUG=1 shows it all."""
    if os.environ.get("OTEL_TRACKING_DEBUG"):
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    elif not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())


class _Once(logging.Filter):
    """Lets each sentence through once."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether nobody has read it yet."""
        sentence = record.getMessage()
        is_new = sentence not in self._told
        if len(self._told) < _MOST_TOLD:
            self._told.add(sentence)
        return is_new


_MOST_TOLD = 1_000


def _ready(stream: TextIO | None) -> TextIO:
    if stream is None:
        # Closed before the program began. Its number is taken, so that no file of ours gets it.
        return Path(os.devnull).open("w", encoding="utf-8")
    if reconfigure := getattr(stream, "reconfigure", None):
        reconfigure(errors="plain_signs")
    return stream


def _plain_signs(error: UnicodeError) -> tuple[str, int]:
    r"""What cannot be encoded: a sign in plain letters, anything else as `\u6708`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN_SIGNS)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end
