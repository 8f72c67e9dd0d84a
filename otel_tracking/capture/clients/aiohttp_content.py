"""The content of an aiohttp response, told to an exchange where it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import StreamReader

from otel_tracking.capture.exchange import Exchange


def watch(response: Any, exchange: Exchange) -> None:
    """Tell what is read from a response; it has been unpacked by then."""
    inner = response.content
    if inner is None or inner.at_eof():
        exchange.ended()
        return
    response.content = WatchedContent(inner, exchange)
    for name in ("close", "release"):
        setattr(response, name, _closing(getattr(response, name), inner, exchange))


def _closing(close: Callable[[], Any], inner: Any, exchange: Exchange) -> Callable[[], Any]:
    def closed() -> Any:
        try:
            return close()
        finally:
            exchange.closed(read_out=inner.at_eof())

    return closed


class WatchedContent:
    """A response's `StreamReader` with all it can do; what is read of it is told."""

    def __init__(self, inner: Any, exchange: Exchange) -> None:
        self._inner, self._exchange = inner, exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    # They read by the methods below.
    __aiter__: Any = StreamReader.__aiter__
    iter_chunked: Any = StreamReader.iter_chunked
    iter_any: Any = StreamReader.iter_any
    iter_chunks: Any = StreamReader.iter_chunks

    async def read(self, n: int = -1) -> bytes:
        """As `StreamReader.read`."""
        return await self._tell(self._inner.read(n))

    async def readany(self) -> bytes:
        """As `StreamReader.readany`."""
        return await self._tell(self._inner.readany())

    async def readline(self, **options: Any) -> bytes:
        """As `StreamReader.readline`."""
        return await self._tell(self._inner.readline(**options))

    async def readuntil(self, *args: Any, **options: Any) -> bytes:
        """As `StreamReader.readuntil`."""
        return await self._tell(self._inner.readuntil(*args, **options))

    async def readexactly(self, n: int) -> bytes:
        """As `StreamReader.readexactly`."""
        return await self._tell(self._inner.readexactly(n))

    async def readchunk(self) -> tuple[bytes, bool]:
        """As `StreamReader.readchunk`."""
        try:
            data, is_end = await self._inner.readchunk()
        except BaseException as error:
            self._exchange.broken(error)
            raise
        self._took(data)
        return data, is_end

    def read_nowait(self, n: int = -1) -> bytes:
        """As `StreamReader.read_nowait`."""
        data: bytes = self._inner.read_nowait(n)
        self._took(data)
        return data

    async def _tell(self, reading: Any) -> bytes:
        try:
            data: bytes = await reading
        except BaseException as error:
            self._exchange.broken(error)
            raise
        self._took(data)
        return data

    def _took(self, data: bytes) -> None:
        if data:
            self._exchange.chunk(data, decoded=True)
        if self._inner.at_eof():
            self._exchange.ended()
