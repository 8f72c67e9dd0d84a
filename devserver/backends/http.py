"""Speak HTTP to model servers: one shared client whose transport records the wire, and failures in our own words.

An engine takes the client it is given, or `shared_client()`, and asks in a `with answers(...)` block. It needs no word
of tracking, since the pipeline makes the request belong to the attempt it is part of.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from devserver.backends.complaints import kind_by_words, words_of
from devserver.backends.errors import (
    AccessDenied,
    AnswerBrokeOff,
    AnswerNotUnderstood,
    Cancelled,
    EngineError,
    InvalidParameter,
    ModelNotFound,
    RequestRejected,
    ServerBusy,
    ServerFailed,
    ServerTimeout,
    ServerUnreachable,
)
from otel_tracking.capture import Events, Lines
from otel_tracking.secrets.redaction import redact_text

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
READ_SECONDS = 300.0
"""How long a server may be silent: loading a large model takes minutes."""


QUESTION_SECONDS = 10.0
"""How long a question about a server itself may take."""


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


@cache
def plain_client() -> httpx.Client:
    """The client of questions about a server itself, which no record has; none of them may take long."""
    import httpx

    return httpx.Client(transport=httpx.HTTPTransport(), timeout=QUESTION_SECONDS)


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


@contextmanager
def post(
    client: httpx.Client,
    url: str,
    *,
    server: str,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
    **form: Any,
) -> Iterator[httpx.Response]:
    """The answer to a JSON body (or to httpx's `data` and `files`), not read yet; failures are raised as ours.

    `secrets` are keys that no message may repeat, whatever the server says.
    """
    if json is not None:
        form = {"content": encode_json(json)}
        headers = {"content-type": "application/json", **(headers or {})}
    with answers(server), client.stream("POST", url, headers=headers, **form) as response:
        check_status(response, server, secrets)
        yield response


@contextmanager
def noting(injected: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """A block whose exceptions say where in the request parameters went (`Made.injected`), as its result does."""
    try:
        yield
    except BaseException as error:
        error.injected = injected  # type: ignore[attr-defined]
        raise


def encode_json(body: Any) -> bytes:
    """`body` as JSON. Half a surrogate pair, which is no UTF-8, leaves escaped; NaN and infinity are refused."""
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidParameter(f"a parameter cannot be written as JSON: {error}") from error


def lines_of(response: httpx.Response, cancel: threading.Event | None = None) -> Iterator[bytes]:
    """The lines of an answer as they come; raises `Cancelled` at the next piece once `cancel` is set.

    Not httpx's own: those also end at characters that JSON may hold, such as U+2028.
    """
    lines = Lines()
    for piece in response.iter_bytes():
        stop_if(cancel)
        yield from lines.feed(piece)
    if rest := lines.rest():
        yield rest


def events_of(response: httpx.Response, cancel: threading.Event | None = None) -> Iterator[bytes]:
    """The data of server-sent events; comments, which keep a connection alive, are left out."""
    events = Events()
    for line in lines_of(response, cancel):
        if event := events.take(line):
            yield event.data
    if event := events.rest():
        yield event.data


def check_status(response: httpx.Response, server: str, secrets: Iterable[str] = ()) -> None:
    """Raise what a status of 400 and up means, with the server's own words; reads the answer for them."""
    if response.status_code >= 400:
        said = complaint_in(response.read())
        retry_after = response.headers.get("retry-after")
        raise failure_of(response.status_code, said, server, secrets=secrets, retry_after=retry_after)


def failure_of(
    status: int, said: Any, server: str, *, secrets: Iterable[str] = (), retry_after: str | None = None
) -> EngineError:
    """The error that a status of 400 and up means, by what the server said; its message begins `Ollama Error: 500`."""
    words = words_of(said, secrets)
    message = f"{server} Error: {status}" + (f" {words}" if words else "")
    if kind := kind_by_words(status, said):
        return kind(message)
    if status == 429:
        return ServerBusy(message, retry_after=_seconds(retry_after))
    if status >= 500:
        return ServerFailed(message)
    return _KINDS.get(status, RequestRejected)(message)


_KINDS: dict[int, type[EngineError]] = {
    401: AccessDenied,
    402: AccessDenied,
    403: AccessDenied,
    404: ModelNotFound,
    408: ServerTimeout,
}


def complaint_in(body: bytes) -> Any:
    """What a server says of its failure: JSON, or a text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def read_object(text: bytes, server: str) -> dict[str, Any]:
    """A JSON object that a server answered; raises `AnswerNotUnderstood`."""
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise AnswerNotUnderstood(f"{server} answered something that is not JSON") from error
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
