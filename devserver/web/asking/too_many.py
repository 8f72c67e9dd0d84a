"""Say why a run is not taken now and when to ask again: in the words of a page, or to a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, g, request
from werkzeug.wrappers import Response as AnyResponse

from devserver.web.asking.full import RunnerFull
from devserver.web.replies import trouble

LONG_SECONDS = 120
"""From when on minutes say it better."""


def turn_here() -> str:
    """Whose turn a program without cookies takes: that of its address. Each of its requests would else be somebody new.

    Empty for all others, who take their own.
    """
    return f"address {request.remote_addr}" if g.get("new_pupil") else ""


def sentence_of(error: RunnerFull, words: Mapping[str, str]) -> str:
    """What stands against it and when to try again."""
    return words[f"full {error.why}"].format(when=when_in(error.retry_after, words))


def when_in(seconds: int, words: Mapping[str, str]) -> str:
    """How long that is, for people.

    >>> words = {"in seconds": "in {number} seconds", "in minutes": "in about {number} minutes"}
    >>> when_in(45, words), when_in(130, words)
    ('in 45 seconds', 'in about 3 minutes')
    """
    if seconds < LONG_SECONDS:
        return words["in seconds"].format(number=seconds)
    return words["in minutes"].format(number=-(-seconds // 60))


def too_many(error: RunnerFull, **more: Any) -> Response:
    """The same for a program."""
    return trouble(error.why.status, str(error), **more, reason=str(error.why), retry_after=error.retry_after)


def with_retry(answer: AnyResponse, error: RunnerFull) -> AnyResponse:
    """A page that says it, and the header that says it to browsers."""
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer
