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

_MARKER = re.compile(r'\{"\$blob":"([0-9a-f]{64})"\}')
_decoder = json.JSONDecoder()


def cut(text: str, blobs: MutableMapping[str, str]) -> str:
    """`text` with the smallest large values moved to `blobs` (text by sha256); short text stays as it is.

    What is around a graph stays in place, so that a seed beside a workflow can still be asked for in SQL.
    """
    if len(text) <= LIMIT:
        return text
    rest = _cut_inside(text, blobs)
    if len(rest) <= LIMIT:
        return rest
    sha256 = hashlib.sha256(rest.encode()).hexdigest()
    blobs[sha256] = rest
    return f'{{"$blob":"{sha256}"}}'


def put_back(text: str, blobs: Mapping[str, str]) -> str:
    """`text` as it was before `cut`; `BrokenFile` when a blob is missing."""
    return _MARKER.sub(lambda marker: put_back(_blob(marker[1], blobs), blobs), text)


def has_reference(text: str) -> bool:
    """Whether something was cut out of `text`."""
    return _MARKER.search(text) is not None


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
