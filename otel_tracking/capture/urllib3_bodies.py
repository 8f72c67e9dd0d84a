"""What urllib3 sends and reads, told to an exchange while it passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from otel_tracking.capture.bodies import Upload
from otel_tracking.capture.exchange import Exchange


class ReadResponse:
    """Tells an exchange what is read from a urllib3 response, through whichever of its methods."""

    def __init__(self, raw: Any, exchange: Exchange) -> None:
        self._raw, self._exchange = raw, exchange
        self._read, self._stream, self._close = raw.read, getattr(raw, "stream", None), raw.close
        self._is_streaming = False

    def begin(self) -> None:
        """From now on."""
        # On the response itself: requests and its users must find the same object with all it can do.
        self._raw.read, self._raw.close = self.read, self.close
        if self._stream is not None:
            self._raw.stream = self.stream

    def stream(self, amt: int | None = 2**16, decode_content: bool | None = None) -> Iterator[bytes]:
        """As the response's own."""
        assert self._stream is not None
        exchange, chunks = self._exchange, self._stream(amt, decode_content)
        while True:
            # urllib3's own `stream` calls its `read`, which is ours now.
            self._is_streaming = True
            try:
                chunk = next(chunks, None)
            except BaseException as error:
                exchange.broken(error)
                raise
            finally:
                self._is_streaming = False
            if chunk is None:
                break
            exchange.chunk(chunk, decoded=self._is_decoded(decode_content))
            yield chunk
        exchange.ended()

    def read(self, amt: int | None = None, decode_content: bool | None = None, *rest: Any, **more: Any) -> bytes:
        """As the response's own."""
        try:
            data: bytes = self._read(amt, decode_content, *rest, **more)
        except BaseException as error:
            if not self._is_streaming:
                self._exchange.broken(error)
            raise
        if not self._is_streaming:
            if data:
                self._exchange.chunk(data, decoded=self._is_decoded(decode_content))
            if amt is None or (not data and amt):
                self._exchange.ended()
        return data

    def close(self) -> None:
        """As the response's own."""
        is_read_out = getattr(self._raw, "length_remaining", None) == 0
        try:
            self._close()
        finally:
            self._exchange.closed(read_out=is_read_out)

    def _is_decoded(self, decode_content: bool | None) -> bool:
        return bool(getattr(self._raw, "decode_content", True) if decode_content is None else decode_content)


class SentPieces:
    """A body that is sent in pieces, each of which is kept as it leaves; all else is as the caller's own."""

    def __init__(self, body: Any, limit: int) -> None:
        self._body, self.upload = body, Upload(limit)
        self.is_over = False

    def __iter__(self) -> Iterator[Any]:
        for piece in self._body:
            self._take(piece)
            yield piece
        self.is_over = True

    def __getattr__(self, name: str) -> Any:
        if name == "read":
            read = self._body.read  # urllib3 asks whether there is one
            return lambda *args: self._take(read(*args))
        return getattr(self._body, name)

    def _take(self, piece: Any) -> Any:
        self.upload.take(piece.encode() if isinstance(piece, str) else piece)
        self.is_over |= not piece
        return piece


def headers_of(headers: Mapping[Any, Any]) -> list[tuple[str, str]]:
    """Headers as texts, one after the other."""
    return [(_text(name), _text(value)) for name, value in headers.items()]


def retries_of(raw: Any) -> list[Any]:
    """What urllib3 repeated by itself, below any adapter: the status or the error's class of each attempt."""
    history = getattr(getattr(raw, "retries", None), "history", ())
    return [attempt.status or type(attempt.error).__name__ for attempt in history]


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
