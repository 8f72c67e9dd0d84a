"""Say something else in the place of a person: keyed pseudonyms that nobody can guess without a study's key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import reprlib
from collections.abc import Mapping
from typing import Any

KINDS: Mapping[str, str] = {"user_id": "user", "session_id": "session", "device_id": "device"}
"""The fields that say whose a run is, and how their pseudonyms begin."""

SHORTEST_KEY = 32
_BYTES = 16


class Pseudonyms:
    """The pseudonyms of one study: the same value has the same one, another study's key gives another.

    They are the first 128 bits of HMAC-SHA256(key, "<kind>:<value>"), in base32. Raises `ValueError` for a short key.

    >>> Pseudonyms(bytes(32)).of("user_id", "anna")
    'user-qjv7ple6qmtyf2txohgsbfmteq'
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"a key has {SHORTEST_KEY} bytes or more, this one {len(key)}")
        self._key = key

    def of(self, field: str, value: Any) -> str | None:
        """The pseudonym of a person, session or device id; None for None, and itself for one that is a pseudonym."""
        if value is None:
            return None
        kind = KINDS[field]
        text = value if isinstance(value, str) else _told(value)
        if is_pseudonym(text):
            return text
        return f"{kind}-{base64.b32encode(self.digest(kind, text)[:_BYTES]).decode().rstrip('=').lower()}"

    def digest(self, kind: str, text: str) -> bytes:
        """HMAC-SHA256 of `kind:text` under the study's key: what every pseudonym is made of."""
        return hmac.digest(self._key, f"{kind}:{text}".encode("utf-8", "surrogatepass"), "sha256")

    def mark(self, label: str, text: str) -> str:
        """What a list that holds no names knows of a text: 32 hex digits, another for each label and each key."""
        return self.digest(f"mark:{label}", text)[:_BYTES].hex()

    @property
    def fingerprint(self) -> str:
        """What tells two keys apart and says nothing of either: 16 hex digits."""
        return hashlib.sha256(b"otel-tracking study key\0" + self._key).hexdigest()[:16]


def _told(value: Any) -> str:
    # In short: a value that holds itself again and again has no end.
    return reprlib.repr(value) if isinstance(value, dict | list | tuple | set | frozenset) else repr(value)


def is_pseudonym(text: str) -> bool:
    """Whether a text has the form of a pseudonym.

    >>> is_pseudonym("anna")
    False
    """
    kind, _, rest = text.partition("-")
    return kind in KINDS.values() and len(rest) == 26 and not set(rest) - set("abcdefghijklmnopqrstuvwxyz234567")
