"""Answers of the API: always valid JSON, whatever is in it."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request

from otel_tracking import canonical

_HALF = re.compile("[\ud800-\udfff]")


def is_api() -> bool:
    """Whether a program asks."""
    return request.path.startswith("/api/")


def json_reply(value: Any, status: int = 200, **headers: str) -> Response:
    """An answer in JSON. What JSON cannot say is written as `otel_tracking/canonical.py` describes."""
    return Response(canonical.dumps(value) + "\n", status, {**headers}, mimetype="application/json")


def trouble(status: int, sentence: str, **more: Any) -> Response:
    """An answer that says in a sentence what went wrong: `{"status": "error", "error": …}`."""
    headers = {"Retry-After": str(more["retry_after"])} if "retry_after" in more else {}
    return json_reply({"status": "error", "error": sentence, **more}, status, **headers)


def whole_text(text: str) -> str:
    r"""A text as every JSON reader takes it: halves of characters, which are no text, become U+FFFD.

    >>> whole_text("a\ud800b")
    'a\ufffdb'
    """
    return _HALF.sub("\ufffd", text)
