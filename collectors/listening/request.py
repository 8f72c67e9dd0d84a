"""A request as it comes in: read as far as the gate lets it, and not a byte further."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser
from waitress.utilities import BadRequest, Error

from collectors.listening.gate import Gate, Head, Leave

if TYPE_CHECKING:
    from collections.abc import MutableMapping

NO_LIMIT = sys.maxsize
STEP = 2**18
"""Bytes that are set aside at once for a body: more than what is read at once."""

MOST_FRAMING = 2**16
"""Bytes of a chunked body after which most of it has to be content."""

RETRY_SECONDS = 2


class Unavailable(Error):
    """All memory for bodies is taken at the moment."""

    code = 503
    reason = "Service Unavailable"

    def to_response(self, ident: str | None = None) -> Any:
        """Waitress's answer, and when to come again."""
        status, headers, body = super().to_response(ident)
        return status, [*headers, ("Retry-After", str(RETRY_SECONDS))], body


class GuardedRequest(HTTPRequestParser):
    """Waitress's parser, with a gate behind the head and a count of the body's bytes.

    A body that is not let in is not read: the request is complete without it, and the application says what is wrong.
    """

    headers: MutableMapping[str, str]

    def __init__(
        self,
        adj: Adjustments,
        gate: Gate,
        hold: Callable[[int], bool],
        give: Callable[[int], None],
        tell: Callable[[GuardedRequest], None],
    ) -> None:
        super().__init__(adj)
        self.is_known = False
        self.leaves_unread = False
        self._gate, self._hold, self._give, self._tell = gate, hold, give, tell
        self._has_passed = False
        self._largest = self._held = 0

    def received(self, data: bytes) -> int:
        """How many of the bytes belong to this request. The rest of what will not be read belongs to it too."""
        try:
            consumed = super().received(data)
        except ValueError:
            # A number with thousands of digits, a foreign URL: what waitress's own checks do not catch.
            self._refuse(BadRequest("the request cannot be read"))
            return len(data)
        if self.error is not None:
            self._end_unread()
        elif self.headers_finished and not self._has_passed and not self.empty:
            self._has_passed = True
            self._pass_gate()
        elif self.body_rcv is not None:
            self._count()
        return len(data) if self.leaves_unread else consumed

    def close(self) -> None:
        """Let go of the body, and of the memory that was set aside for it."""
        super().close()
        self._give(self._held)
        self._held = 0

    def _pass_gate(self) -> None:
        if self._is_ambiguous():
            self._refuse(BadRequest("a body has either a Content-Length or comes in chunks"))
            return
        command: Any = self.command  # str, whatever the stubs say
        leave: Leave = self._gate(Head(command, str(getattr(self, "path", "")), self.headers))
        self.is_known, self._largest = leave
        self._tell(self)
        if self.body_rcv is None:
            return
        if not self._largest or self.content_length > self._largest:
            self._leave_body(self.content_length)

    def _is_ambiguous(self) -> bool:
        """Whether somebody else could read another request out of the same bytes."""
        return (self.chunked and "CONTENT_LENGTH" in self.headers) or "TRANSFER_ENCODING" in self.headers

    def _count(self) -> None:
        """Look at what has come of the body."""
        received = self.body_bytes_received
        if received > self._largest:
            self._leave_body(received)
        elif self.chunked and received > MOST_FRAMING + 2 * len(self.body_rcv or ()):
            self._refuse(BadRequest("the chunks are too small"))
        elif received > self._held:
            # As it comes, not as it says: a body that is only announced takes nothing from others.
            if self._hold(STEP):
                self._held += STEP
            else:
                self._refuse(Unavailable("too much is being sent at once; it would work again in a moment"))

    def _leave_body(self, length: int) -> None:
        """Be complete without the body. Its length stays, so that the application sees when it was too much."""
        self._end_unread()
        self.headers["CONTENT_LENGTH"] = str(max(length, self._largest + 1))
        self.headers["CONNECTION"] = "close"

    def _refuse(self, error: Error) -> None:
        self._end_unread()
        self.error = error

    def _end_unread(self) -> None:
        self.close()
        self.body_rcv = None
        self.expect_continue = False
        self.completed = self.leaves_unread = True
        self._tell(self)
