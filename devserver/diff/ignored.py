"""Which values do not make two runs different: ids, times, and what follows from others."""

from __future__ import annotations

import re
from typing import Any

from devserver.diff.values import Change, Path

RUN_IDS = frozenset(
    {
        *("execution_id", "trace_id", "span_id", "user_id", "session_id", "device_id", "study_id", "batch_id"),
        *("repeats", "continues", "request_id", "client_id", "prompt_id"),
    }
)
"""Names of ids in what was said about a run, an item or an attempt."""

TIMES = frozenset({"total_duration_seconds", "timestamp", "started_at", "ended_at"})
"""Names of times there. `duration_seconds` is none of them: it is a parameter of music."""

_SENT_HEADERS = frozenset({"traceparent", "tracestate", "content-length"})
_ANSWERED_HEADERS = frozenset(
    {"date", "set-cookie", "content-length", "transfer-encoding", "x-request-id", "server-timing"}
)
# `number` is what ComfyUI counts its queue with.
_ANSWER_IDS = frozenset({"id", "created", "created_at", "prompt_id", "number"})
_ANSWER_TIMES = frozenset({"seconds", "time_to_first_chunk"})

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_BOUNDARY = re.compile(r"boundary=[^;]+")


def skip_in_metadata(path: Path) -> bool:
    """In an item's metadata, in what was configured, in facts: ids of the run and its times."""
    return len(path) == 1 and path[0] in RUN_IDS | TIMES


def skip_in_passed(path: Path) -> bool:
    """In what was passed: the trace's own header, the number of the request, who asks."""
    match path:
        case ("attempt",) | ("body" | "query", "client_id" | "clientId" | "prompt_id"):
            return True
        case ("headers", name):
            return name in _SENT_HEADERS
    return False


def skip_in_response(path: Path) -> bool:
    """In an answer: its ids, and everything that measures time or the pieces it came in."""
    match path:
        case (name,):
            return name in _ANSWER_TIMES | {"id"}
        case ("headers", name):
            return name in _ANSWERED_HEADERS or "ratelimit" in name or "request-id" in name
        case ("body", name):
            return name in _ANSWER_IDS or name.endswith("_duration")
        case ("body_facts", "events"):
            return True
    return False


def is_only_an_id(change: Change) -> bool:
    """Whether two texts are the same but for UUIDs or a multipart boundary in them, which are new each time."""
    if not isinstance(change.left, str) or not isinstance(change.right, str):
        return False
    return _without_ids(change.left) == _without_ids(change.right)


def without_what_follows(found: list[Change], exchange: Any, *, is_answer: bool = False) -> list[Change]:
    """An exchange's changes without size and sha256 of its body where that itself says what differs, if anything does.

    Ids and times are in an answer's bytes, and a multipart body's have a boundary that is new each time.
    """
    body = exchange.get("body") if isinstance(exchange, dict) else None
    told = any(change.path[:1] == ("body",) for change in found)
    if told or (is_answer and body is not None) or isinstance(body, list):
        return [change for change in found if change.path not in _FOLLOWING]
    return found


_FOLLOWING = {("body_facts", "sha256"), ("body_facts", "bytes")}


def _without_ids(text: str) -> str:
    return _BOUNDARY.sub("boundary=", _UUID.sub("", text))
