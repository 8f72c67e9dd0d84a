"""Answer OTLP/HTTP requests for traces, as the protocol wants them answered. A WSGI application."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from google.protobuf.json_format import MessageToDict

from collectors.listening.gate import Head, Leave
from collectors.listening.hosts import is_from_elsewhere, knows_host
from collectors.receiving.accepted import Accepted, Busy
from collectors.receiving.collector import Collector
from collectors.receiving.entries import JSON, PROTOBUF
from collectors.receiving.tokens import Tokens
from collectors.receiving.unpacking import ENCODINGS, TooLarge, Unpacked, unpacked
from collectors.recording.exposition import exposed, is_well, of_collector
from otel_tracking.errors import RecordError

PATH, HEALTH, METRICS = "/v1/traces", "/healthz", "/metrics"
LARGEST_BODY = 20 * 2**20
"""Bytes of a request as it comes, as OpenTelemetry's Collector has it."""

LARGEST_UNPACKED = 64 * 2**20
"""Bytes of a request when it is unpacked: the most that exporters send."""

RETRY_SECONDS = 2

_KINDS = {"application/x-protobuf": PROTOBUF, "application/json": JSON}
_TYPES = {kind: name for name, kind in _KINDS.items()}
_INVALID, _NOT_FOUND, _DENIED, _EXHAUSTED, _UNIMPLEMENTED, _UNAVAILABLE, _UNAUTHENTICATED = 3, 5, 7, 8, 12, 14, 16


class Refused(Exception):
    """A request that is not taken: its status, the code and words of the answer, and further headers."""

    def __init__(self, status: int, code: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = {name.replace("_", "-").title(): value for name, value in headers.items()}


class Answer(NamedTuple):
    """What goes back."""

    status: int
    headers: dict[str, str]
    body: bytes


class TraceReceiver:
    """Takes `POST /v1/traces` for a collector; with a token from those alone who name it, each known by his own.

    `tokens` are those of senders with a name, `token` is one without. `host` is where it listens, `hostnames` are
    further names under which it may be asked.
    """

    def __init__(
        self,
        collector: Collector,
        *,
        token: str | None = None,
        tokens: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        hostnames: Collection[str] = (),
    ) -> None:
        self._collector, self._tokens = collector, Tokens(token, tokens)
        self._host, self._hostnames = host, hostnames

    def gate(self, head: Head) -> Leave:
        """Whether a request may send its body: what would be refused is refused before it."""
        is_allowed = self._tokens.sender_of(head.header("Authorization"), "") is not None
        may_send = is_allowed and (head.method, head.path) == ("POST", PATH) and self._knows_host(head.header("Host"))
        return Leave(is_allowed, LARGEST_BODY if may_send else 0)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI's side of it."""
        answer = self.answer(environ)
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(headers.items()))
        return [answer.body]

    def answer(self, environ: dict[str, Any]) -> Answer:
        """The answer to a request: 200 once its spans are on disk, and a reason in all other cases."""
        kind = _KINDS.get(_media_type(environ), PROTOBUF)
        try:
            self._check_sender(environ)
            if environ.get("PATH_INFO") in (HEALTH, METRICS):
                return self._told(environ)
            self._check(environ)
            came = unpack(_read_body(environ), environ.get("HTTP_CONTENT_ENCODING", ""))
            accepted = self._accept(kind, came, self._sender_of(environ) or "")
        except Refused as refused:
            headers = {"Content-Type": _TYPES[kind], **refused.headers}
            return Answer(refused.status, headers, _status(kind, refused.code, refused.message))
        return Answer(
            200, {"Content-Type": _TYPES[kind]}, _success(kind, accepted) if any(accepted) else _all_taken(kind)
        )

    def _told(self, environ: dict[str, Any]) -> Answer:
        """How the collector does: to everybody whether it is well, to those with the token all figures."""
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            raise Refused(405, _UNIMPLEMENTED, "GET would work", allow="GET, HEAD")
        health = self._collector.health()
        if environ.get("PATH_INFO") == HEALTH:
            well = is_well(health)
            return Answer(200 if well else 503, {"Content-Type": "text/plain"}, b"ok\n" if well else b"not ok\n")
        self._check_token(environ)
        content_type, text = exposed(of_collector(health), environ.get("HTTP_ACCEPT", ""))
        return Answer(200, {"Content-Type": content_type}, text)

    def _check_sender(self, environ: dict[str, Any]) -> None:
        method, host = environ.get("REQUEST_METHOD", ""), environ.get("HTTP_HOST", "")
        if not self._knows_host(host):
            raise Refused(421, _DENIED, "this server is not known by that name")
        if is_from_elsewhere(method, environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN"), host):
            raise Refused(403, _DENIED, "no page of a browser may send traces")

    def _check_token(self, environ: dict[str, Any]) -> None:
        if self._sender_of(environ) is None:
            raise Refused(401, _UNAUTHENTICATED, "a bearer token is needed", www_authenticate="Bearer")

    def _check(self, environ: dict[str, Any]) -> None:
        if environ.get("PATH_INFO") != PATH:
            raise Refused(404, _NOT_FOUND, f"only {PATH} is taken here")
        if environ.get("REQUEST_METHOD") != "POST":
            raise Refused(405, _UNIMPLEMENTED, "POST would work", allow="POST")
        self._check_token(environ)
        if _media_type(environ) not in _KINDS:
            raise Refused(415, _INVALID, f"{' or '.join(_KINDS)} would work")

    def _sender_of(self, environ: dict[str, Any]) -> str | None:
        return self._tokens.sender_of(environ.get("HTTP_AUTHORIZATION", ""), environ.get("REMOTE_ADDR", ""))

    def _knows_host(self, host: str) -> bool:
        return knows_host(host, listens_on=self._host, hostnames=self._hostnames)

    def _accept(self, kind: bytes, came: Unpacked, sender: str) -> Accepted:
        try:
            return self._collector.accept(kind, came.body, sender=sender, zipped=came.zipped)
        except RecordError as trouble:
            raise Refused(400, _INVALID, str(trouble)) from None
        except Busy as busy:
            raise Refused(503, _UNAVAILABLE, str(busy), retry_after=str(RETRY_SECONDS)) from None
        except OSError as trouble:
            self._collector.troubles.report("spool", trouble)
            message = "nothing can be kept at the moment"
            raise Refused(503, _UNAVAILABLE, message, retry_after=str(RETRY_SECONDS)) from None


def unpack(body: bytes, encoding: str, largest: int = LARGEST_UNPACKED) -> Unpacked:
    """The body as it was before it was packed. Raises `Refused` for what is too large, broken or packed otherwise."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return Unpacked(body)
    if encoding not in ENCODINGS:
        raise Refused(415, _INVALID, "Content-Encoding gzip, deflate or none would work")
    try:
        return unpacked(body, encoding, largest)
    except TooLarge:
        raise Refused(413, _EXHAUSTED, f"a request may unpack to {largest} bytes; smaller batches would work") from None
    except ValueError as trouble:
        raise Refused(400, _INVALID, f"{len(body)} bytes are not {encoding}: {trouble}") from None


def _read_body(environ: dict[str, Any]) -> bytes:
    # The server has it in memory by now; of what is larger it has read nothing.
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > LARGEST_BODY:
        raise Refused(413, _EXHAUSTED, f"a request may have {LARGEST_BODY} bytes; smaller batches would work")
    body: bytes = environ["wsgi.input"].read(length)
    return body


def _media_type(environ: dict[str, Any]) -> str:
    content_type: str = environ.get("CONTENT_TYPE", "")
    return content_type.partition(";")[0].strip().lower()


@functools.cache
def _all_taken(kind: bytes) -> bytes:
    """The answer to nearly all requests."""
    return _success(kind, Accepted())


def _success(kind: bytes, accepted: Accepted) -> bytes:
    """`ExportTraceServiceResponse`, with what was not taken."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    response = ExportTraceServiceResponse()
    if accepted.rejected:
        response.partial_success.rejected_spans = accepted.rejected
        response.partial_success.error_message = accepted.message
    return _packed(kind, response)


def _status(kind: bytes, code: int, message: str) -> bytes:
    """`google.rpc.Status`."""
    from google.rpc.status_pb2 import Status

    return _packed(kind, Status(code=code, message=message))


def _packed(kind: bytes, message: Any) -> bytes:
    """A message in the encoding of the request."""
    packed: bytes = json.dumps(MessageToDict(message)).encode() if kind == JSON else message.SerializeToString()
    return packed
