"""Answers of the API: always valid JSON, whatever is in it."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

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


def set_cookie(response: AnyResponse, name: str, value: str, seconds: int) -> None:
    """Have a browser keep what no script and no other site's page may read.

    Not stricter than `Lax`: a link in another page would come without the cookie, and get a new one.
    """
    secure = request.is_secure
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax", secure=secure)


def drop_cookie(response: AnyResponse, name: str) -> None:
    """Have a browser forget one, as it was kept: over TLS it is `Secure`."""
    response.delete_cookie(name, httponly=True, samesite="Lax", secure=request.is_secure)


def whole_text(text: str) -> str:
    r"""A text as every JSON reader takes it: halves of characters, which are no text, become U+FFFD.

    >>> whole_text("a\ud800b")
    'a\ufffdb'
    """
    return _HALF.sub("\ufffd", text)
