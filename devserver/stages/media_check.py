"""Stage 4, once something is made: look at it before anybody is shown it, where somebody is there who can.

The file and its parameters are in the record by then; a block comes after them, and says that they must not be shown.
What could not be looked at is blocked too: a check that is down must not become a check that says yes.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from devserver.backends.http import stop_if
from devserver.engines import MadeFile, MediaCheck, MediaVerdict
from devserver.requests import OutputResult
from devserver.stages.making import again_where_it_helps
from devserver.stages.safety import describe, reason
from devserver.stages.task import Task
from otel_tracking import ItemType
from otel_tracking.scopes import BackendCall, Stage

RETRIES = 1
"""How often a look that failed for the moment is taken again."""

NOT_CHECKED = "not_checked"
"""The code of a block because nobody could look."""

_log = logging.getLogger(__name__)


def check_made(stage: Stage, made: OutputResult, task: Task) -> OutputResult:
    """The output as it is, or blocked by the first of its files that is not to be shown."""
    check = task.engines.check_media
    if check is None or task.request.safety_level == "off":
        return made
    for number, file in enumerate(made.files, start=1):
        if not check.looks_at(file.media_format):
            continue
        verdict = _look(stage, check, number, file, task)
        if not verdict.safe:
            return replace(made, status="blocked", files=(), blocked=reason(verdict))
    return made


def _look(stage: Stage, check: MediaCheck, number: int, file: MadeFile, task: Task) -> MediaVerdict:
    """The verdict on one file; a block is logged with the attempt that it came from."""
    calls: list[BackendCall] = []
    try:
        verdict = again_where_it_helps(RETRIES, task)(_attempt, stage, check, file, task, calls)
    except Exception as error:
        # What was said stays out of the log: an answer may tell what a child asked for.
        _log.warning("what was made could not be looked at: %s", type(error).__name__)
        found = {"error_type": type(error).__name__, "error_message": str(error)}
        verdict = MediaVerdict(safe=False, codes=(NOT_CHECKED,), method="nobody could look at it", facts=found)
    if not verdict.safe:
        stage.item(
            ItemType.OUTPUT_BLOCKED,
            content=reason(verdict),
            backend_used=check.backend.name,
            model_used=check.backend.model,
            attempt=calls[-1],
            metadata={**verdict.facts, **describe(verdict, task.request.safety_level), "file_number": number},
        )
    return verdict


def _attempt(stage: Stage, check: MediaCheck, file: MadeFile, task: Task, calls: list[BackendCall]) -> MediaVerdict:
    """One look at one file, with its span."""
    stop_if(task.cancel)
    (name, model, about, operation), level = check.backend, task.request.safety_level
    configured = dict(check.parameters)
    operation = operation or "safety_check"
    with stage.backend_call(name, model=model, configured=configured, operation=operation) as call, call.current():
        calls.append(call)
        if about:
            call.fact("provider", dict(about))
        content = file.content if isinstance(file.content, bytes) else file.content.encode()
        verdict = check(content, media_format=file.media_format, level=level)
        found = {**verdict.facts, **describe(verdict, level)}
        if verdict.passed is None:  # The transport has recorded it, and the answer.
            call.fact("engine", found)
        else:
            call.passed(verdict.passed)
            call.response(found)
    return verdict
