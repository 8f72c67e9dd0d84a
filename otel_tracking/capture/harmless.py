"""See at a glance whether a JSON body holds no secret: then its bytes may be kept as they are, and read elsewhere.

The question is asked of all names and all texts together, most of it in C. A no is no verdict: whoever hears it looks
closer (`Redaction.clean`), and so do bodies whose names were never met before.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson

from otel_tracking.secrets.redaction import Redaction
from otel_tracking.secrets.shapes import SHORTEST

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
    if seen is None or not _has_each_name_once(raw, value, seen.names):
        return None
    return value if redaction.is_harmless(seen.texts) else None


def _has_each_name_once(raw: bytes, value: Any, names: int) -> bool:
    """Whether each name of the text is one of the value's: the first of two equal ones would be seen by nobody."""
    if orjson.dumps(value) == raw:
        return True
    has_blanks = any(blank in raw for blank in (b"\n", b"\t", b"\r", b" :"))
    return raw.count(b'":') == names and not (has_blanks and _BEFORE_COLON.search(raw))


_BEFORE_COLON = re.compile(rb'"\s+:')


class _Seen(NamedTuple):
    """What stands in a value: its texts, and how many names."""

    texts: list[str]
    names: int


def _look(value: Any, redaction: Redaction) -> _Seen | None:
    """What stands in a value; None where a name is new, or a text may be media."""
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
    return _Seen(texts, names)
