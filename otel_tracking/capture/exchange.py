"""One request of a backend call and its answer: what is kept of them, and when it is said."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec
from urllib.parse import parse_qs, urlsplit

from otel_tracking.attributes import flat
from otel_tracking.capture import names
from otel_tracking.capture.answers import Answer
from otel_tracking.capture.bodies import Body, read_body
from otel_tracking.capture.genai import answer_attributes, answer_facts, request_attributes
from otel_tracking.capture.settings import CaptureSettings
from otel_tracking.capture.uploads import Upload
from otel_tracking.plain import describe_error
from otel_tracking.redaction import Redaction

if TYPE_CHECKING:
    from otel_tracking.capture.wire import Wire
    from otel_tracking.scope import Scope

Headers = Iterable[tuple[str, str]]
P = ParamSpec("P")


class Request(NamedTuple):
    """A request as every HTTP client has it."""

    method: str
    url: str
    headers: list[tuple[str, str]]

    @property
    def sends(self) -> bool:
        """Whether its method is one that comes with a body."""
        return self.method in ("POST", "PUT", "PATCH")

    def header(self, name: str) -> str:
        """The last value of a header, or nothing."""
        return header_of(self.headers, name)


def header_of(headers: Headers, name: str) -> str:
    """The last value of the header `name` (lower case), or nothing."""
    return ([value for key, value in headers if key.lower() == name] or [""])[-1]


def guarded(method: Callable[P, None]) -> Callable[P, None]:
    """A method of an exchange whose own trouble never reaches the client."""

    @functools.wraps(method)
    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except Exception as trouble:
            exchange: Any = args[0]
            exchange.wire.troubles.report("capture", trouble)

    return guard


class Exchange:
    """Told by a client's transport what happens, in this order: sent, answered, chunks, ended or broken or closed."""

    def __init__(self, wire: Wire, scope: Scope, request: Request, settings: CaptureSettings, number: int) -> None:
        self.wire, self.scope, self.request, self.settings, self.number = wire, scope, request, settings, number
        self.started_ns = wire.now()
        self.passed: dict[str, Any] | None = None
        self.response: dict[str, Any] | None = None
        self.passed_ns = self.ended_ns = self.started_ns
        self.status: int | None = None
        self.is_over = False
        self._redaction = Redaction(settings.redaction, wire.secrets)
        self._headers: list[tuple[str, str]] = []
        self._answer: Answer | None = None
        self._first_chunk_ns: int | None = None
        self.transport_retries: list[Any] = []

    @guarded
    def sent(self, body: bytes | None) -> None:
        """The request is about to leave with this body."""
        content_type = self.request.header("content-type")
        if body is not None and len(body) > self.settings.largest_body:
            upload = Upload(0)
            upload.take(body)
            self.uploaded(upload, complete=True)
        elif body is not None and self.request.header("content-encoding"):
            # What is compressed cannot be searched for secrets here.
            self._pass(read_body(body, "application/octet-stream", self._redaction))
        else:
            self._pass(read_body(body or b"", content_type, self._redaction))

    @guarded
    def uploaded(self, upload: Upload, *, complete: bool) -> None:
        """The request's body left piece by piece, all of it or not."""
        content_type, whole = self.request.header("content-type"), upload.whole()
        if whole is None or self.request.header("content-encoding"):
            media_type = content_type.partition(";")[0] or None
            self._pass(Body(upload.reference(media_type), {"bytes": upload.bytes}), complete=complete)
        else:
            self._pass(read_body(whole, content_type, self._redaction), complete=complete)

    @guarded
    def answered(self, status: int, headers: list[tuple[str, str]]) -> None:
        """The answer's head arrived."""
        self.status, self._headers = status, headers
        self.scope.span.set_attribute(names.HTTP_RESPONSE_STATUS_CODE, status)

    @guarded
    def chunk(self, data: bytes, *, decoded: bool = False) -> None:
        """The next bytes of the answer, `decoded` where the client has already unpacked them."""
        if self._answer is None:
            self._first_chunk_ns = self.wire.now()
            self._answer = self._new_answer("" if decoded else header_of(self._headers, "content-encoding"))
        self._answer.take(data)

    @guarded
    def ended(self) -> None:
        """The answer was read to its end."""
        if not self.is_over:
            self._finish(complete=True)

    @guarded
    def closed(self) -> None:
        """The answer was closed; where that came before its end, it is not complete."""
        if not self.is_over:
            self._finish(complete=False)

    @guarded
    def broken(self, error: BaseException) -> None:
        """The request or its answer ended with an exception."""
        if not self.is_over:
            self._finish(complete=False, error=None if isinstance(error, GeneratorExit) else error)

    @guarded
    def report_unfinished(self) -> None:
        """Say what is known when the call ends; what comes later is said later."""
        if not self.is_over:
            self._respond(complete=False, error=None)

    def _pass(self, body: Body, *, complete: bool = True) -> None:
        redaction = self._redaction
        url = redaction.text(self.request.url, ("url", None))
        self.passed = {
            "method": self.request.method,
            "url": url,
            "headers": redaction.headers(self.request.headers),
            "body": body.value,
            "body_facts": body.facts,
            "attempt": self.number,
        }
        if "?" in url:
            query = parse_qs(urlsplit(url).query, keep_blank_values=True, errors="backslashreplace")
            self.passed["query"] = {name: texts[0] if len(texts) == 1 else texts for name, texts in query.items()}
        if not complete:
            self.passed["complete"] = False
        self.passed["redacted"] = redaction.removed
        self.passed_ns = self.wire.now()
        self.wire.keep(self.scope, "passed", self.passed, self.passed_ns)
        self._describe_request(url, body.value)

    def _describe_request(self, url: str, body: Any) -> None:
        known = {names.HTTP_REQUEST_METHOD: self.request.method, names.URL_FULL: flat(url)}
        if self.number > 1:
            known[names.HTTP_REQUEST_RESEND_COUNT] = self.number - 1
        known |= request_attributes(body, contents=self.settings.contents_in_attributes)
        self.scope.span.set_attributes(known)

    def _new_answer(self, encoding: str) -> Answer:
        return Answer(header_of(self._headers, "content-type"), encoding, self.settings.largest_body)

    def _finish(self, *, complete: bool, error: BaseException | None = None) -> None:
        self.is_over = True
        self._respond(complete=complete, error=error)
        self._answer = None
        self.wire.finished(self)

    def _respond(self, *, complete: bool, error: BaseException | None) -> None:
        self.ended_ns = self.wire.now()
        redaction = Redaction(self.settings.redaction, self.wire.secrets)
        response: dict[str, Any] = {"attempts": self.number, "complete": complete}
        if self.status is not None:
            response |= self._answer_response(redaction, complete=complete)
        if error is not None:
            response["error"] = redaction.clean(describe_error(error), ("error", None))
        if self.transport_retries:
            response["transport_retries"] = self.transport_retries
        response["seconds"] = (self.ended_ns - self.started_ns) / 1e9
        response["redacted"] = redaction.removed
        self.response = response
        self.wire.keep(self.scope, "response", response, self.ended_ns)

    def _answer_response(self, redaction: Redaction, *, complete: bool) -> dict[str, Any]:
        answer = self._answer or self._new_answer("")
        body = answer.body(redaction, complete=complete)
        known = answer_facts(body.value)
        response = {
            "status": self.status,
            "headers": redaction.headers(filter(_matters, self._headers)),
            "body": body.value,
            "body_facts": body.facts,
            **known,
        }
        attributes = answer_attributes(body.value, known, contents=self.settings.contents_in_attributes)
        if self._first_chunk_ns is not None:
            seconds = (self._first_chunk_ns - self.started_ns) / 1e9
            response["time_to_first_chunk"] = attributes[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = seconds
        self.scope.span.set_attributes(attributes)
        return response


_KEPT_HEADERS = frozenset(
    {
        *("content-type", "content-length", "content-encoding", "transfer-encoding"),
        *("date", "server", "location", "retry-after", "set-cookie"),
    }
)
_KEPT_PARTS = ("request-id", "ratelimit", "model", "seed", "openai-", "anthropic-", "cost", "version")


def _matters(header: tuple[str, str]) -> bool:
    name = header[0].lower()
    return name in _KEPT_HEADERS or any(part in name for part in _KEPT_PARTS)
