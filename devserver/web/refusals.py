"""Which status and sentence an error of finding or reading a run has: the same for the API, files and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from devserver.errors import RequestError
from devserver.web.asking.body import NotAllowed
from devserver.web.replies import is_api, trouble
from devserver.web.runs.lookup import RunLost
from devserver.web.showing import message
from devserver.web.telling_people import in_words
from devserver.web.visitors.pupils import asker
from exporters.errors import AmbiguousExecution, BrokenFile, ErasedMeanwhile, UnknownExecution

STATUSES: dict[type[Exception], int] = {
    RequestError: 400,
    NotAllowed: 403,
    UnknownExecution: 404,
    AmbiguousExecution: 404,
    RunLost: 410,
    ErasedMeanwhile: 410,
    BrokenFile: 500,
}


def refusal(status: int, error: Exception) -> Response:
    """The answer in the API's own words, or a page in the language of whoever asks.

    Of a damaged file only researchers are told which.
    """
    told = str(error)
    if isinstance(error, BrokenFile) and not asker().is_researcher:
        told = "the record of this run cannot be read"
    if is_api():
        return trouble(status, told, **({"run_status": error.state} if isinstance(error, RunLost) else {}))
    return message(status, in_words(error), told)


def refuse_with(routes: Blueprint, answer: Callable[[int, Any], AnyResponse] = refusal) -> None:
    """Have `answer(status, error)` make what a blueprint answers to each of these errors."""
    for kind, status in STATUSES.items():
        # Each its own status: a function in a loop would see the last one.
        routes.register_error_handler(kind, lambda error, status=status: answer(status, error))
