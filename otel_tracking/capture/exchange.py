"""One request of a backend call and its answer: what is kept of them, and when it is said."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, ParamSpec, Protocol
from urllib.parse import parse_qs

from otel_tracking.attributes import FlatAttributes, viewer_text
from otel_tracking.capture import names
from otel_tracking.capture.answers import AnswerBody
from otel_tracking.capture.bodies import Body, Upload, read_body
from otel_tracking.capture.genai import answer_attributes, answer_facts, request_attributes
from otel_tracking.capture.settings import CaptureSettings
from otel_tracking.capture.waiting import WaitingBody, read_soon
from otel_tracking.errors import Troubles
from otel_tracking.frame import Unread
from otel_tracking.scope import Scope
from otel_tracking.secrets.redaction import Redaction, RedactionPolicy
from otel_tracking.values.plain import describe_error

Headers = Iterable[tuple[str, str]]
P = ParamSpec("P")


class Keeper(Protocol):
    """What an exchange needs of its call: a clock, what is a secret, and where to keep what it says."""

    troubles: Troubles
    policy: RedactionPolicy
    secrets: set[str]

    def now(self) -> int:
        """Nanoseconds since 1970."""

    def keep(self, scope: Scope, name: str, value: Any, at: int) -> None:
        """Keep a fact on a scope."""

    def finished(self, exchange: Exchange) -> None:
        """An exchange is over."""


class SentRequest(NamedTuple):
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
        return _last_of_each(self.headers).get(name, "")


def _last_of_each(headers: Headers) -> dict[str, str]:
    """The last value of each header, by its name in small letters."""
    return {name.lower(): value for name, value in headers}


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

    def __init__(
        self, wire: Keeper, scope: Scope, request: SentRequest, settings: CaptureSettings, number: int
    ) -> None:
        self.wire, self.scope, self.request, self.settings, self.number = wire, scope, request, settings, number
        self.started_ns = wire.now()
        self.passed: Any = None
        self.response: Any = None
        self.error_type: str | None = None
        self.passed_ns = self.ended_ns = self.started_ns
        self.status: int | None = None
        self.is_over = False
        self._redaction = Redaction(settings.redaction.joined(wire.policy), wire.secrets)
        self._headers: list[tuple[str, str]] = []
        self._came: dict[str, str] = {}
        self._answer: AnswerBody | None = None
        self._is_decoded = False
        self._first_chunk_ns: int | None = None
        self.transport_retries: list[Any] = []

    @guarded
    def sent(self, body: bytes | None) -> None:
        """The request is about to leave with this body."""
        left = _last_of_each(self.request.headers)
        content_type = left.get("content-type", "")
        if body is not None and len(body) > self.settings.largest_body:
            upload = Upload(0)
            upload.take(body)
            self.uploaded(upload, complete=True)
        elif body is not None and left.get("content-encoding"):
            # What is compressed cannot be searched for secrets here.
            self._pass(lambda: read_body(body, "application/octet-stream", self._redaction), content_type)
        else:
            self._pass(lambda: self._read_soon(body or b"", content_type), content_type)

    @guarded
    def uploaded(self, upload: Upload, *, complete: bool) -> None:
        """The request's body left piece by piece, all of it or not."""
        content_type, whole = self.request.header("content-type"), upload.whole()
        if whole is None or self.request.header("content-encoding"):
            media_type = content_type.partition(";")[0] or None
            self._pass(
                lambda: Body(upload.reference(media_type), {"bytes": upload.bytes}), content_type, complete=complete
            )
        else:
            self._pass(lambda: self._read_soon(whole, content_type), content_type, complete=complete)

    @guarded
    def left_with(self, headers: list[tuple[str, str]]) -> None:
        """The headers that really left: what was wrapped inside of this transport may have added some."""
        if headers != self.request.headers and self.passed is not None:
            self.request = self.request._replace(headers=headers)
            fields = self.passed.fields if isinstance(self.passed, Unread) else self.passed
            fields["headers"] = self._redaction.headers(headers)
            self.wire.keep(self.scope, "passed", self.passed, self.passed_ns)

    @guarded
    def answered(self, status: int, headers: list[tuple[str, str]]) -> None:
        """The answer's head arrived."""
        self.status, self._headers, self._came = status, headers, _last_of_each(headers)
        self.scope.span.set_attribute(names.HTTP_RESPONSE_STATUS_CODE, status)

    @guarded
    def chunk(self, data: bytes, *, decoded: bool = False) -> None:
        """The next bytes of the answer, `decoded` where the client has already unpacked them."""
        if self.is_over:
            return
        if self._answer is None:
            self._first_chunk_ns = self.wire.now()
            self._answer = self._new_answer("" if decoded else self._came.get("content-encoding", ""))
            self._is_decoded = decoded
        self._answer.take(data)

    @guarded
    def ended(self) -> None:
        """The answer was read to its end."""
        if not self.is_over:
            self._finish(complete=True)

    @guarded
    def closed(self, *, read_out: bool = False) -> None:
        """The answer was closed: `read_out`, or after the end that its own protocol has, or else too early."""
        if not self.is_over:
            self._finish(complete=read_out or self._is_at_its_end())

    @guarded
    def broken(self, error: BaseException) -> None:
        """The request or its answer ended with an exception."""
        if isinstance(error, GeneratorExit):
            self.closed()
        elif not self.is_over:
            self._finish(complete=self._is_at_its_end(), error=error)

    @guarded
    def report_unfinished(self) -> None:
        """Say what is known when the call ends; what comes later is said later."""
        if not self.is_over:
            self._respond(complete=False, error=None)

    def _is_at_its_end(self) -> bool:
        """Whether nothing of the answer is missing, although nobody asked for more: who has `[DONE]` stops there."""
        if self.status is None:
            return False
        if self.request.method == "HEAD" or self.status in _WITHOUT_BODY or self.status < 200:
            return True
        if self._answer is None:
            return self._came.get("content-length") == "0"
        self._answer.finish(complete=False)
        length = "" if self._is_decoded else self._came.get("content-length", "")
        return self._answer.is_over or (length.isdecimal() and self._answer.wire_bytes >= int(length))

    def _read_soon(self, raw: bytes, content_type: str) -> Body | WaitingBody:
        return read_soon(raw, content_type, self._redaction, whole=self.settings.contents_in_attributes)

    def _pass(self, read: Callable[[], Body | WaitingBody], content_type: str, *, complete: bool = True) -> None:
        redaction = self._redaction
        url = redaction.text(self.request.url, ("url", None))
        # Before the body: it may repeat what a header says.
        headers = redaction.headers(self.request.headers)
        body = read()
        fields = {"method": self.request.method, "url": url, "headers": headers, "attempt": self.number}
        if "?" in url:
            query = parse_qs(_query_of(url), keep_blank_values=True, errors="backslashreplace")
            fields["query"] = {name: texts[0] if len(texts) == 1 else texts for name, texts in query.items()}
        if not complete:
            fields["complete"] = False
        fields["redacted"] = redaction.removed
        self.passed = _with_body(fields, body, content_type, to_send_again=True)
        self.passed_ns = self.wire.now()
        self.wire.keep(self.scope, "passed", self.passed, self.passed_ns)
        self._describe_request(url, body.value)

    def _describe_request(self, url: str, body: Any) -> None:
        known = FlatAttributes(request_attributes(body, contents=self.settings.contents_in_attributes))
        known[names.HTTP_REQUEST_METHOD], known[names.URL_FULL] = self.request.method, viewer_text(url)
        if self.number > 1:
            known[names.HTTP_REQUEST_RESEND_COUNT] = self.number - 1
        self.scope.span.set_attributes(known)

    def _new_answer(self, encoding: str) -> AnswerBody:
        return AnswerBody(self._came.get("content-type", ""), encoding, self.settings.largest_body)

    def _finish(self, *, complete: bool, error: BaseException | None = None) -> None:
        self.is_over = True
        try:
            self._respond(complete=complete, error=error)
        finally:
            self._answer = None
            self.wire.finished(self)

    def _respond(self, *, complete: bool, error: BaseException | None) -> None:
        self.ended_ns = self.wire.now()
        redaction = self._redaction.beside()
        response: dict[str, Any] = {"attempts": self.number, "complete": complete}
        body = None
        if self.status is not None:
            answer, whole = self._answer or self._new_answer(""), self.settings.contents_in_attributes
            body = answer.body_soon(redaction, complete=complete, whole=whole)
            response |= self._answer_response(body, redaction)
        if error is not None:
            response["error"] = redaction.clean(describe_error(error), ("error", None))
            self.error_type = response["error"]["error_type"]
        if self.transport_retries:
            response["transport_retries"] = self.transport_retries
        response["seconds"] = (self.ended_ns - self.started_ns) / 1e9
        response["redacted"] = redaction.removed
        self.response = _with_body(response, body, self._came.get("content-type", ""), to_send_again=False)
        self.wire.keep(self.scope, "response", self.response, self.ended_ns)

    def _answer_response(self, body: Body | WaitingBody, redaction: Redaction) -> dict[str, Any]:
        known = answer_facts(body.value)
        attributes = answer_attributes(body.value, known, contents=self.settings.contents_in_attributes)
        # What a body that waits says of itself is read with it.
        response: dict[str, Any] = {"status": self.status, **({} if isinstance(body, WaitingBody) else known)}
        response["headers"] = redaction.headers(header for header in self._headers if _matters(header[0]))
        if self._first_chunk_ns is not None:
            seconds = (self._first_chunk_ns - self.started_ns) / 1e9
            response["time_to_first_chunk"] = attributes[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = seconds
        self.scope.span.set_attributes(attributes)
        return response


def _with_body(
    fields: dict[str, Any], body: Body | WaitingBody | None, content_type: str, *, to_send_again: bool
) -> Any:
    """What is kept of a request or an answer: its body read, or to be read with the fact."""
    if body is None:
        return fields
    if isinstance(body, WaitingBody):
        return Unread(fields, body.raw, content_type, to_send_again=to_send_again)
    return fields | {"body": body.value, "body_facts": body.facts}


def _query_of(url: str) -> str:
    """What stands behind the question mark; a URL that nobody else would take may have left, too."""
    return url.partition("?")[2].partition("#")[0]


_WITHOUT_BODY = frozenset({204, 304})

_KEPT_HEADERS = frozenset(
    {
        *("content-type", "content-length", "content-encoding", "transfer-encoding"),
        *("date", "server", "location", "retry-after", "set-cookie"),
    }
)
_KEPT_PARTS = ("request-id", "ratelimit", "model", "seed", "openai-", "anthropic-", "cost", "version")


@functools.lru_cache(1024)
def _matters(name: str) -> bool:
    name = name.lower()
    return name in _KEPT_HEADERS or any(part in name for part in _KEPT_PARTS)
