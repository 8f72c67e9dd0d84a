"""What a page says to people when something does not work: in their language, never in a server's own words."""

from __future__ import annotations

from devserver.errors import DevserverError
from devserver.web.language import words_here
from devserver.web.runs.lookup import RunLost
from exporters.errors import AmbiguousExecution, BrokenFile, ErasedMeanwhile, UnknownExecution
from otel_tracking.extras import MissingExtra

_SAID: dict[type[Exception], str] = {
    RunLost: "run lost",
    UnknownExecution: "run unknown",
    AmbiguousExecution: "run ambiguous",
    ErasedMeanwhile: "run erased",
    BrokenFile: "damaged run",
    MissingExtra: "not made here",
}


def in_words(error: Exception) -> str:
    """An error as the page says it, with what would work; what has no sentence of its own is said in a general one."""
    words = words_here()
    if isinstance(error, DevserverError):
        values = {name: f"{value:,}" if isinstance(value, int) else value for name, value in error.values.items()}
        return words.get(f"said {error.word}", words["said otherwise"]).format(**values)
    said = next((word for kind, word in _SAID.items() if isinstance(error, kind)), "said otherwise")
    return words[said]
