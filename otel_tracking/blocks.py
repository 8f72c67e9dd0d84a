"""Tell whether the code of a `with` block is what runs now."""

from __future__ import annotations

import contextlib
import inspect
import sys
from types import FrameType


class Block:
    """A block that somebody's code is in: from `enter` to `leave`.

    Where that code is a generator's, the block holds only while the generator runs: what its caller does between two
    values is not in it. A generator that is a context manager stands for the block of whoever uses it.
    """

    __slots__ = ("_generator", "is_open")

    def __init__(self) -> None:
        self.is_open = False
        self._generator: FrameType | None = None

    def enter(self, frame: FrameType) -> None:
        """The block of `frame`'s code begins."""
        self._generator = frame if frame.f_code.co_flags & _SUSPENDABLE and not _is_context_manager(frame) else None
        self.is_open = True

    def leave(self) -> None:
        """The block is over."""
        self.is_open, self._generator = False, None

    def holds(self) -> bool:
        """Whether what asks is in the block."""
        return self.is_open and (self._generator is None or _is_running(self._generator))


_SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
# contextlib has no other name for what runs a generator that `contextmanager` made one.
_MANAGERS = frozenset(
    {
        contextlib._GeneratorContextManager.__enter__.__code__,
        contextlib._AsyncGeneratorContextManager.__aenter__.__code__,
    }
)


def _is_context_manager(generator: FrameType) -> bool:
    """Whether a generator runs because a `with` statement entered it (`contextlib.contextmanager`)."""
    return generator.f_back is not None and generator.f_back.f_code in _MANAGERS


def _is_running(generator: FrameType) -> bool:
    """Whether a generator's frame is among those of the code that asks."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not generator:
        frame = frame.f_back
    return frame is not None
