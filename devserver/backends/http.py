"""Speak HTTP to model servers: one shared client whose transport records the wire, and failures in our own words.

An engine takes the client it is given, or `shared_client()`, and asks in a `with answers(...)` block. It needs no word
of tracking, since the pipeline makes the request belong to the attempt it is part of.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from devserver.backends.errors import (
    AccessDenied,
    AnswerBrokeOff,
    AnswerNotUnderstood,
    Cancelled,
    ModelNotFound,
    RequestRejected,
    ServerBusy,
    ServerFailed,
    ServerTimeout,
    ServerUnreachable,
)
from otel_tracking.redaction import redact_text

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
READ_SECONDS = 300.0
"""How long a server may be silent: loading a large model takes minutes."""

LONGEST_COMPLAINT = 300


def open_client(*, read_seconds: float = READ_SECONDS, connect_seconds: float = CONNECT_SECONDS) -> httpx.Client:
    """A client for any number of servers and threads; each request is recorded on the attempt it is part of."""
    import httpx

    from otel_tracking.capture import CapturingTransport

    for name in ("httpx", "httpcore"):  # They log whole URLs and headers.
        logging.getLogger(name).setLevel(logging.WARNING)
    timeout = httpx.Timeout(read_seconds, connect=connect_seconds, pool=None)
    return httpx.Client(transport=CapturingTransport(httpx.HTTPTransport(trust_env=True)), timeout=timeout)


@cache
def shared_client() -> httpx.Client:
    """The client of engines that were given none."""
    return open_client()


@contextmanager
def answers(server: str) -> Iterator[None]:
    """A block in which `server` (a name for people, such as `Ollama`) is asked; httpx's exceptions leave it as ours."""
    import httpx

    try:
        yield
    except httpx.TimeoutException as error:
        raise ServerTimeout(f"{server} did not answer in time ({type(error).__name__})") from error
    except httpx.RemoteProtocolError as error:
        raise AnswerBrokeOff(f"{server} broke off its answer: {redact_text(str(error))}") from error
    except httpx.ConnectError as error:
        raise ServerUnreachable(f"{server} is not there: {redact_text(str(error))}") from error
    except httpx.TransportError as error:
        raise AnswerBrokeOff(f"{server} broke off: {redact_text(str(error)) or type(error).__name__}") from error
    except (httpx.InvalidURL, httpx.DecodingError) as error:
        raise AnswerNotUnderstood(f"{server}: {redact_text(str(error))}") from error


def check_status(response: httpx.Response, server: str) -> None:
    """Raise what the status means, with the server's own words; reads the answer where it is one of failure."""
    if response.status_code < 400:
        return
    raise failure_of(response, server)


def failure_of(response: httpx.Response, server: str) -> Exception:
    """The error that an answer with a status of 400 and up means; its message begins `Ollama Error: 500`."""
    status = response.status_code
    words = complaint_in(response.read())
    message = f"{server} Error: {status}" + (f" {words}" if words else "")
    if status == 429:
        return ServerBusy(message, retry_after=_seconds(response.headers.get("retry-after")))
    if status >= 500:
        return ServerFailed(message)
    kinds: dict[int, type[Exception]] = {
        401: AccessDenied,
        402: AccessDenied,
        403: AccessDenied,
        404: ModelNotFound,
        408: ServerTimeout,
    }
    return kinds.get(status, RequestRejected)(message)


def complaint_in(body: bytes) -> str:
    """What a server says of its failure, cut to a sentence; empty where it says nothing."""
    try:
        said = json.loads(body)
    except ValueError:
        said = body.decode("utf-8", "replace")
    while isinstance(said, dict):
        said = said.get("error") or said.get("message") or said.get("detail") or ""
    text = said if isinstance(said, str) else json.dumps(said)
    return redact_text(" ".join(text.split()))[:LONGEST_COMPLAINT]


def json_of(response: httpx.Response, server: str) -> Any:
    """The answer as JSON, an object; raises `AnswerNotUnderstood`."""
    try:
        answer = json.loads(response.content)
    except ValueError as error:
        raise AnswerNotUnderstood(f"{server} answered no JSON") from error
    if not isinstance(answer, dict):
        raise AnswerNotUnderstood(f"{server} answered a JSON {type(answer).__name__}; an object was expected")
    return answer


def stop_if(cancel: threading.Event | None) -> None:
    """Raise `Cancelled` where somebody wants the run to stop."""
    if cancel is not None and cancel.is_set():
        raise Cancelled("the run was cancelled")


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None  # a date: who sends one means minutes
