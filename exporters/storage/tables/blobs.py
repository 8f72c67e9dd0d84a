"""Keep large graphs once per execution: cut them out of canonical JSON, and put them back.

A cut leaves `{"$blob":"<sha256>"}`. Canonical JSON never holds such an object by itself: a user's dict with one key
that starts with `$` is written as `{"$dict":[["$blob",…]]}`, and inside a JSON string the quotes would be escaped.
So putting back is plain text replacement, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, MutableMapping

from exporters.errors import BrokenFile

LIMIT = 8192
"""Characters from which a value is a blob. A KB-sized value is cheaper in its row than behind a reference."""

MOST_REPEATED = 256 * 2**20
"""Characters that come from putting back the same blobs again and again: a graph of 40 KB in 6,500 calls."""

_ENDLESS = 2**62

REFERENCE = r'\{"\$blob":"([0-9a-f]{64})"\}'
"""What stands where a value was cut out, as a regular expression."""

REFERENCE_START = '{"$blob":"'
"""What each begins with, as text; it is found in a tenth of the time."""

REFERENCE_SIZE = len('{"$blob":""}') + 64

_MARKER = re.compile(REFERENCE)
_decoder = json.JSONDecoder()


def cut(text: str, blobs: MutableMapping[str, str]) -> str:
    """Canonical JSON with its smallest large values moved to `blobs`; short text stays as it is."""
    return text if len(text) <= LIMIT else shorten(_cut_inside(text, blobs), blobs)


class Whole:
    """Puts the blobs of one record back into its texts: each is made once, and all together are bounded."""

    def __init__(self, blobs: Mapping[str, str]) -> None:
        self._blobs = blobs
        self._sizes: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._left = MOST_REPEATED + sum(map(len, blobs.values()))

    def put_back(self, text: str) -> str:
        """`text` as it was before `cut`; `BrokenFile` when a blob is missing, or when blobs in blobs multiply.

        A reference finds what was stored by the same write, and nothing else.
        """
        if not has_reference(text):
            return text
        try:
            self._left -= self._size_of(text) - len(text)
        except RecursionError:
            self._left = -1
        if self._left < 0:
            raise BrokenFile(f"its blobs refer to each other, and would make more than {MOST_REPEATED} characters")
        return self._whole(text)

    def _size_of(self, text: str) -> int:
        return len(text) + sum(self._size(marker[1]) - len(marker[0]) for marker in _MARKER.finditer(text))

    def _whole(self, text: str) -> str:
        return _MARKER.sub(lambda marker: self._text(marker[1]), text)

    def _size(self, sha256: str) -> int:
        if sha256 not in self._sizes:
            text = _blob(sha256, self._blobs)
            self._sizes[sha256] = _ENDLESS  # met again before it is known: it is within itself
            self._sizes[sha256] = self._size_of(text)
        return self._sizes[sha256]

    def _text(self, sha256: str) -> str:
        if sha256 not in self._texts:
            self._texts[sha256] = self._whole(_blob(sha256, self._blobs))
        return self._texts[sha256]


def has_reference(text: str) -> bool:
    """Whether something was cut out of `text`."""
    return _MARKER.search(text) is not None


def shorten(text: str, blobs: MutableMapping[str, str]) -> str:
    """`text`, or a reference to it where it is large even without its large parts."""
    if len(text) <= LIMIT:
        return text
    sha256 = _known(text, blobs) or _sha256(text.encode())
    blobs[sha256] = text
    return f'{{"$blob":"{sha256}"}}'


def _known(text: str, blobs: Mapping[str, str]) -> str | None:
    """The sha256 of a text that is among a few blobs already, as the graph of a run is that makes many pictures."""
    if len(blobs) > _FEW:
        return None
    return next((sha256 for sha256, other in blobs.items() if len(other) == len(text) and other == text), None)


_FEW = 32


def _sha256(data: bytes) -> str:
    # In pieces for which hashlib keeps the interpreter lock: to get it back from a busy thread can take 5 ms, the hash
    # of a graph 0.1 ms. Runs a second went from 73 to 120 with it.
    told = hashlib.sha256()
    for start in range(0, len(data), 2_000):
        told.update(data[start : start + 2_000])
    return told.hexdigest()


def _cut_inside(text: str, blobs: MutableMapping[str, str]) -> str:
    pieces, done = [], 0
    for start, end in _values(text):
        if end - start > LIMIT:
            pieces += [text[done:start], cut(text[start:end], blobs)]
            done = end
    return "".join([*pieces, text[done:]])


def _blob(sha256: str, blobs: Mapping[str, str]) -> str:
    try:
        return blobs[sha256]
    except KeyError:
        raise BrokenFile(f"blob {sha256} is missing: its file in blobs/ is gone or incomplete") from None


def _values(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each value in a JSON array or object without white space; none in a string or number."""
    if text[0] not in "[{" or text[1] in "]}":
        return
    position = 0
    while text[position] not in "]}":
        position += 1
        if text[0] == "{":
            _, position = _decoder.raw_decode(text, position)
            position += 1
        _, end = _decoder.raw_decode(text, position)
        yield position, end
        position = end
