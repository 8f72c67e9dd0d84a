"""See at a glance whether a JSON body holds no secret: then its bytes may be kept as they are, and read elsewhere.

The question is asked of all names and all texts together, most of it in C. A no is no verdict: whoever hears it looks
closer (`Redaction.clean`), and so do bodies whose names were never met before.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from otel_tracking.redaction import Redaction
from otel_tracking.secret_shapes import SHORTEST

LONGEST_TEXT = 65_536
"""Characters from which a text may be media, which is not searched but cut out."""


def harmless_value(raw: bytes, redaction: Redaction) -> Any:
    """The value of a JSON text in which nothing is to be removed; None where that is not certain.

    >>> redaction = Redaction()
    >>> redaction.clean({"seed": 0, "prompt": ""})  # now it has met these names
    {'seed': 0, 'prompt': ''}
    >>> harmless_value(b'{"seed": 7, "prompt": "Eine Blume"}', redaction)
    {'seed': 7, 'prompt': 'Eine Blume'}
    >>> harmless_value(b'{"seed": 7, "prompt": "sk-0123456789"}', redaction)
    """
    try:
        value = orjson.loads(raw)
    except ValueError:
        return None
    seen = _look(value, redaction)
    if seen is None:
        return None
    texts, names = seen
    # The first of two equal names would be seen by nobody: each name has to be one of the value's.
    if names != raw.count(b'":') or (any(blank in raw for blank in _BLANKS) and _BEFORE_COLON.search(raw)):
        return None
    return value if redaction.is_harmless("\n".join(texts)) else None


_BLANKS = (b"\n", b"\t", b"\r", b" :")
_BEFORE_COLON = re.compile(rb'"\s+:')


def _look(value: Any, redaction: Redaction) -> tuple[list[str], int] | None:
    """The texts in a value, and how many names; None where a name is new, or a text may be media."""
    if type(value) is not dict and type(value) is not list:
        return None
    texts: list[str] = []
    names, known_names = 0, redaction.known_names
    look_at_names = redaction.looks_at_names
    waiting: list[Any] = [value]
    for part in waiting:
        if type(part) is str:
            if (size := len(part)) >= SHORTEST:
                if size >= LONGEST_TEXT:
                    return None
                texts.append(part)
        elif type(part) is dict:
            if not known_names.issuperset(part):
                return None
            names += len(part)
            if look_at_names:
                texts += part
            waiting += part.values()
        elif type(part) is list:
            waiting += part
    return texts, names
