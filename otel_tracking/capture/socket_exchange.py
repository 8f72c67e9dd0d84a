"""The messages of one WebSocket in one backend call: what was said to the backend, and what it said."""

from __future__ import annotations

import json
from typing import Any

from otel_tracking.capture.bodies import Body
from otel_tracking.capture.exchange import Exchange, guarded
from otel_tracking.capture.media import cut_media, reference
from otel_tracking.capture.waiting import WaitingBody
from otel_tracking.secrets.redaction import Redaction


class SocketExchange(Exchange):
    """The exchange of the request that opened a socket, and the messages that passed over it since then.

    They are told when the socket or the call is closed, in `messages` of `passed` and of `response`: JSON as its value,
    bytes as a reference; beyond `largest_body` bytes in one direction their number alone (`message_count`).
    """

    _outgoing: _Messages
    _incoming: _Messages

    def opened(self, status: int, headers: list[tuple[str, str]]) -> None:
        """The socket is open."""
        self._outgoing = _Messages(self.settings.largest_body)
        self._incoming = _Messages(self.settings.largest_body)
        self.sent(b"")
        self.answered(status, headers)

    @guarded
    def message_sent(self, message: Any) -> None:
        """A message leaves."""
        self._outgoing.take(message)

    @guarded
    def message_received(self, message: Any) -> None:
        """A message came."""
        self._incoming.take(message)

    def _respond(self, *, complete: bool, error: BaseException | None) -> None:
        self.passed = {**self.passed, **self._outgoing.told(self._redaction.beside())}
        self.wire.keep(self.scope, "passed", self.passed, self.passed_ns)
        super()._respond(complete=complete, error=error)

    def _answer_response(self, body: Body | WaitingBody, redaction: Redaction) -> dict[str, Any]:
        return super()._answer_response(body, redaction) | self._incoming.told(redaction)


class _Messages:
    def __init__(self, room: int) -> None:
        self._kept: list[str | bytes] = []
        self._room, self._count = room, 0

    def take(self, message: Any) -> None:
        self._count += 1
        said = message if isinstance(message, str) else bytes(message)
        self._room -= len(said)
        if self._room >= 0:
            self._kept.append(said)

    def told(self, redaction: Redaction) -> dict[str, Any]:
        values = [redaction.clean(_read(said), ("messages", None)) for said in self._kept]
        return {"messages": values, "message_count": self._count}


def _read(said: str | bytes) -> Any:
    if isinstance(said, bytes):
        return reference(said, None)
    try:
        return cut_media(json.loads(said))
    except (ValueError, RecursionError):
        return said
