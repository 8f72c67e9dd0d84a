"""Which scope surrounds the code that runs now, and how helper threads and late generators learn of it.

Scopes are handles first: who is handed one needs nothing of this. It is for code that nobody hands a handle to. What is
current is told by blocks (`blocks.py`): a generator that is suspended in one leaves it to nobody.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Any, ParamSpec, Protocol, TypeVar

from opentelemetry.context import Context, attach, get_current
from opentelemetry.trace import get_current_span, set_span_in_context

from otel_tracking.blocks import Block

P = ParamSpec("P")
T = TypeVar("T")


class Surrounding(Protocol):
    """A scope, as far as it can surround code."""

    ended: bool


class ScopeBlock:
    """The block of a scope, and the block around it; `carried` ones hold in another thread until the scope ends."""

    __slots__ = ("_block", "_is_carried", "previous", "scope")

    def __init__(self, scope: Surrounding, *, carried: bool = False) -> None:
        self.scope, self._is_carried = scope, carried
        self._block = Block()
        self.previous: ScopeBlock | None = None

    def enter(self, frame: FrameType) -> None:
        """The block of `frame`'s code begins."""
        self.previous = _open(_current.get())
        self._block.enter(frame)
        _current.set(self)

    def leave(self) -> None:
        """The block is over."""
        self._block.leave()
        # Not `reset(token)`: a generator may be closed in another context, where that raises and nothing is ours.
        if _current.get() is self:
            _current.set(self.previous)

    def holds(self) -> bool:
        """Whether what asks is in the block."""
        return not self.scope.ended if self._is_carried else self._block.holds()

    @property
    def is_open(self) -> bool:
        """Whether it was not left."""
        return not self.scope.ended if self._is_carried else self._block.is_open


_current: ContextVar[ScopeBlock | None] = ContextVar("otel_tracking_current_scope", default=None)


def surrounding(kind: type[T]) -> T | None:
    """The nearest scope of that kind whose block surrounds this code, or None."""
    entry = _current.get()
    while entry is not None and not (isinstance(entry.scope, kind) and entry.holds()):
        entry = entry.previous
    return None if entry is None else entry.scope  # type: ignore[return-value]


def _open(entry: ScopeBlock | None) -> ScopeBlock | None:
    """`entry`, or the nearest around it whose block was not left."""
    while entry is not None and not entry.is_open:
        entry = entry.previous
    return entry


def enter_block(scope: Surrounding, depth: int = 1) -> ScopeBlock:
    """Begin the block of a scope in the code that called the caller, `depth` calls further out."""
    block = ScopeBlock(scope)
    block.enter(sys._getframe(depth + 1))
    return block


class _Blocks:
    """Whether the blocks of every run's scopes are current, and not those of ambient trackers alone."""

    are_current = False


blocks = _Blocks()


class _Carried:
    """What surrounds the code of one thread, for code of another."""

    __slots__ = ("_context", "_scopes")

    def __init__(self) -> None:
        self._scopes: list[Surrounding] = []
        entry = _current.get()
        while entry is not None:
            if entry.holds():
                self._scopes.append(entry.scope)
            entry = entry.previous
        # As it is now: what stands in a block asks whose code runs, and there that will be another's.
        self._context = set_span_in_context(get_current_span(), Context(get_current().copy()))

    def __bool__(self) -> bool:
        return bool(self._scopes)

    def enter(self) -> tuple[ScopeBlock | None, Context]:
        before = (_current.get(), get_current())
        block: ScopeBlock | None = None
        for scope in reversed(self._scopes):
            around, block = block, ScopeBlock(scope, carried=True)
            block.previous = around
        _current.set(block)
        attach(self._context)
        return before

    def leave(self, before: tuple[ScopeBlock | None, Context]) -> None:
        block, context = before
        _current.set(block)
        attach(context)


def carried(function: Callable[P, T]) -> Callable[P, T]:
    """`function`, run as if it were called here, whichever thread runs it and whenever: with the current scope and the
    current span of now. For threads, executors, callbacks and timers; where nothing surrounds this code, `function`.
    In a generator other threads need it even in a copied context: what holds for the generator holds for nobody else.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from otel_tracking import ExecutionTracker, carried, current_scope
    >>> with ThreadPoolExecutor() as pool, ExecutionTracker(ambient=True).execution("dada") as run:
    ...     pool.submit(carried(current_scope)).result() is run
    True
    """
    surroundings = _Carried()
    if not surroundings:
        return function

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        before = surroundings.enter()
        try:
            return function(*args, **kwargs)
        finally:
            surroundings.leave(before)

    return run


def carried_steps(steps: Iterable[T]) -> Iterator[T]:
    """`steps`, each of them made as if it were asked for here: for streams that a web server reads when the code that
    made them has returned. Closing it closes `steps`.
    """
    each = iter(steps)
    take: Callable[[], Any] = carried(functools.partial(next, each, _END))
    close: Callable[[], Any] = carried(getattr(each, "close", _nothing))
    return _steps(take, close)


def _steps(take: Callable[[], Any], close: Callable[[], Any]) -> Iterator[Any]:
    try:
        while (step := take()) is not _END:
            yield step
    finally:
        close()


_END = object()


def _nothing() -> None:
    return None
