"""Which bodies wait to be read: JSON in which nothing is to be removed is kept as its bytes, and read elsewhere.

To read a body, to find how it was written and in which order its keys stood, to hash it and to cut out its media takes
many times as long as to see that no secret is in it (a graph of 9 KB: 400 and 10 µs). So that one thing is seen to on
the pipeline's thread, before anything is kept.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson

from otel_tracking.capture.bodies import Body, is_json, media_type_of, read_body
from otel_tracking.capture.glance import at_a_glance
from otel_tracking.capture.media import SHORTEST_MEDIA
from otel_tracking.secrets.redaction import Redaction
from otel_tracking.secrets.unread import Suspicion

LARGEST_UNREAD = 2**20
"""Bytes up to which a body waits. In larger ones is media, which is cut out before anything is kept."""

LONGEST_TEXT = 65_536
"""Characters from which a text may be media: a run would carry it about for as long as it lasts."""

_MEDIA = re.compile(rb"[A-Za-z0-9+/=]{%d}" % SHORTEST_MEDIA)
_LONG_TEXT = re.compile(rb'[^"]{%d}' % LONGEST_TEXT)


class WaitingBody(NamedTuple):
    """A JSON body that is kept as its bytes, and read with its fact; `value` is what it says at a glance, or all."""

    value: Any
    raw: bytes


def read_soon(
    raw: bytes, content_type: str, redaction: Redaction, *, to_send_again: bool = True, whole: bool = False
) -> Body | WaitingBody:
    """What `read_body` gives, or the bytes to be read later where no secret is in them.

    What is kept of a request may be `to_send_again`. The `whole` value is at hand at once where that is asked for.
    """
    if raw and len(raw) <= LARGEST_UNREAD and is_json(media_type_of(content_type)):
        try:
            value = orjson.loads(raw) if whole else at_a_glance(raw, is_request=to_send_again)
            if not (len(raw) > LONGEST_TEXT and _LONG_TEXT.search(raw)) and is_harmless(raw, redaction):
                return WaitingBody(value, raw)
        except ValueError:  # what is no JSON, or not for everybody, is read with patience
            pass
    return read_body(raw, content_type, redaction, to_send_again=to_send_again)


def is_harmless(raw: bytes, redaction: Redaction) -> bool:
    """Whether nothing is to be removed from a JSON text. Raises ValueError for what is none.

    >>> is_harmless(b'{"seed": 7, "prompt": "a classic flower"}', Redaction())
    True
    >>> is_harmless(b'{"seed": 7, "prompt": "sk-0123456789"}', Redaction())
    False
    """
    suspicion = redaction.suspicion(raw)
    return suspicion is Suspicion.NONE or (suspicion is Suspicion.UNCLEAR and _is_harmless_when_read(raw, redaction))


def _is_harmless_when_read(raw: bytes, redaction: Redaction) -> bool:
    if _MEDIA.search(raw):  # it is cut out before texts are looked at
        return False
    value = orjson.loads(raw)
    if not _has_each_name_once(raw, value):
        return False
    trial = redaction.on_trial()
    trial.clean(value, ("body", None))
    return not trial.removed


def _has_each_name_once(raw: bytes, value: Any) -> bool:
    """Whether each name of the text is one of the value's: the first of two equal ones would be seen by nobody."""
    if orjson.dumps(value) == raw:
        return True
    has_blanks = any(blank in raw for blank in (b"\n", b"\t", b"\r", b" :"))
    return raw.count(b'":') == _count_names(value) and not (has_blanks and _BEFORE_COLON.search(raw))


_BEFORE_COLON = re.compile(rb'"\s+:')


def _count_names(value: Any) -> int:
    count = 0
    waiting: list[Any] = [value]
    for part in waiting:
        if type(part) is dict:
            count += len(part)
            waiting += part.values()
        elif type(part) is list:
            waiting += part
    return count
