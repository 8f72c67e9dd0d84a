"""Say what went wrong in an engine, and what would have worked.

EngineError
├── EngineNotInstalled      the program or the dictionary is not on this machine
├── EngineFailed            it ran, and ended badly or did not end in time
│   ├── ServerUnreachable   nobody answers at the address                              again
│   ├── ServerTimeout       no answer within the time allowed                          again
│   ├── ServerBusy          it asks us to come later (429)                             again
│   ├── ServerFailed        it says that it failed (5xx, or an error within an answer) again
│   ├── AnswerBrokeOff      the connection ended in the middle of an answer            again
│   ├── AnswerNotUnderstood the answer is not what its protocol says
│   ├── OutputGone          the server made a file, or says so, and does not have it any more
│   ├── AccessDenied        the key is missing, wrong or used up (401, 402, 403)
│   └── ModelNotFound       the server does not have this model (404)
├── UnknownLanguage         a language code that no table here lists
├── MissingLanguagePair     no installed engine translates this pair
├── JourneyImpossible       no chain of installed pairs makes this journey
└── InvalidParameter        a number or name outside of what the engine understands      final
    └── RequestRejected     the server understood the request and refuses it (400, 422)  final

Cancelled                   somebody stopped the run; not an `Exception`, like CancelledError

"again": the same request may succeed a moment later (`may_be_retried`). "final": neither again nor elsewhere, since
another engine would answer another question than the one that was asked (`may_fall_back`).
"""

from __future__ import annotations

from typing import ClassVar


class EngineError(Exception):
    """Any trouble of an engine; catch this one to catch them all. `retry_after`: seconds, where a server says so."""

    may_be_retried: ClassVar[bool] = False
    may_fall_back: ClassVar[bool] = True
    retry_after: float | None = None


class EngineNotInstalled(EngineError):
    """The program or dictionary an engine needs is not on this machine."""


class EngineFailed(EngineError):
    """The engine was started and ended badly, or did not end in time."""


class ServerUnreachable(EngineFailed):
    """Nobody answers at the server's address: refused, no such host, no route."""

    may_be_retried = True


class ServerTimeout(EngineFailed):
    """The server did not answer, or did not go on answering, within the time allowed."""

    may_be_retried = True


class ServerBusy(EngineFailed):
    """The server asks us to come later (429); `retry_after` is in seconds, where it says when."""

    may_be_retried = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerFailed(EngineFailed):
    """The server says that it failed: a status of 500 and up, or an error within its answer."""

    may_be_retried = True


class AnswerBrokeOff(EngineFailed):
    """The connection ended in the middle of an answer."""

    may_be_retried = True


class AnswerNotUnderstood(EngineFailed):
    """The answer is not what the server's protocol says, or says nothing at all."""


class OutputGone(EngineFailed):
    """The server names a file that it made, and does not have it any more."""


class AccessDenied(EngineFailed):
    """The key is missing, wrong or used up (401, 402, 403)."""


class ModelNotFound(EngineFailed):
    """The server does not have the model (404)."""


class UnknownLanguage(EngineError):
    """A language code that no table here lists."""


class MissingLanguagePair(EngineError):
    """No installed engine translates from the one language to the other."""


class JourneyImpossible(EngineError):
    """No chain of the available pairs has this start, this length and this end."""


class InvalidParameter(EngineError):
    """A parameter outside of what the engine understands."""

    may_fall_back = False


class RequestRejected(InvalidParameter):
    """The server understood the request and refuses it (400, 413, 422)."""


class Cancelled(BaseException):
    """Somebody stopped the run. Not an `Exception`: whoever goes on after a failure must not go on after this."""
