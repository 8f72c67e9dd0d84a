"""Streams of requests and answers that tell what passes through them, as those of the library whose message it is.

httpx and httpx2 have the same shapes, and each insists on its own classes.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from otel_tracking.capture.bodies import Upload
from otel_tracking.capture.exchange import Exchange


def library_of(message: Any) -> str | None:
    """The library whose request or response it is: `httpx`, `httpx2`, or one that was made after them."""
    kind = type(message)
    try:
        return _libraries[kind]
    except KeyError:
        return _libraries.setdefault(kind, _find_library(kind))


_libraries: WeakKeyDictionary[type, str | None] = WeakKeyDictionary()


def _find_library(kind: type) -> str | None:
    for base in kind.__mro__:
        library = base.__module__.partition(".")[0]
        if base.__name__ in ("Request", "Response") and _has_streams(library):
            return library
    return None


def _has_streams(library: str) -> bool:
    try:
        module = importlib.import_module(library)
        return all(isinstance(getattr(module, name, None), type) for name in ("SyncByteStream", "AsyncByteStream"))
    except ImportError:
        return False


class _Pieces:
    """A request's stream, each piece of which is kept as it leaves."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream, self.upload = stream, Upload(limit)
        self.is_over = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self.upload.take(piece)
            yield piece
        self.is_over = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self.upload.take(piece)
            yield piece
        self.is_over = True

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Watched:
    """A response's stream; each chunk is told to the exchange on its way to the caller."""

    def __init__(self, stream: Any, exchange: Exchange) -> None:
        self._stream, self._exchange = stream, exchange

    def __iter__(self) -> Iterator[bytes]:
        exchange = self._exchange
        try:
            for chunk in self._stream:
                exchange.chunk(chunk)
                yield chunk
        except BaseException as error:
            exchange.broken(error)
            raise
        exchange.ended()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange, chunks = self._exchange, self._stream.__aiter__()
        try:
            async for chunk in chunks:
                exchange.chunk(chunk)
                yield chunk
        except BaseException as error:
            exchange.broken(error)
            raise
        finally:
            if hasattr(chunks, "aclose"):
                await chunks.aclose()
        exchange.ended()

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._exchange.closed()

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._exchange.closed()


def pieces_of(request: Any, limit: int) -> Any:
    """The stream of a request whose body is still to be sent, each piece of which is kept in its `upload`."""
    return _as(library_of(request) or "httpx", _Pieces)(request.stream, limit)


_BOTH = ("SyncByteStream", "AsyncByteStream")


def watched(response: Any, exchange: Exchange) -> Any:
    """The stream of a response, watched; it is sync or async or both, as it was."""
    stream = response.stream
    kind = type(stream)
    try:
        watcher = _watchers[kind]
    except KeyError:
        watcher = _watchers.setdefault(kind, _watcher_for(response))
    return stream if watcher is None else watcher(stream, exchange)


_watchers: WeakKeyDictionary[type, Any] = WeakKeyDictionary()


def _watcher_for(response: Any) -> Any:
    library = library_of(response)
    if library is None:
        return None
    module = importlib.import_module(library)
    kinds = tuple(name for name in _BOTH if isinstance(response.stream, getattr(module, name)))
    return _as(library, _Watched, kinds) if kinds else None


_made: dict[tuple[str, type, tuple[str, ...]], Any] = {}


def _as(library: str, ours: type, kinds: tuple[str, ...] = _BOTH) -> Any:
    """One of our streams as a subclass of those of a library, whose clients insist on that."""
    if (library, ours, kinds) in _made:
        return _made[library, ours, kinds]
    module = importlib.import_module(library)
    made = type(ours.__name__, (ours, *(getattr(module, name) for name in kinds)), {})
    return _made.setdefault((library, ours, kinds), made)
