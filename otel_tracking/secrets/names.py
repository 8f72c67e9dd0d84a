"""Which names are those of secrets: of headers, parameters, keys of objects, variables."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable

_WORDS = frozenset(
    {
        *("secret", "secrets", "password", "passwd", "passphrase", "passwort", "apikey"),
        *("credential", "credentials", "authorization", "cookie", "cookies"),
    }
)
"""Anywhere in a name."""

_LAST_WORDS = frozenset({"token", "pwd", "auth", "bearer", "jwt"})
"""At the end of a name: `access_token` is a secret, `token_count` and `max_tokens` are not."""

_PAIRS = frozenset(
    {
        *(("api", "key"), ("access", "key"), ("private", "key"), ("subscription", "key"), ("auth", "key")),
        *(("openrouter", "key"), ("openai", "key"), ("anthropic", "key"), ("mistral", "key"), ("session", "id")),
        *(("account", "key"), ("signing", "key"), ("encryption", "key"), ("master", "key"), ("storage", "key")),
    }
)


def _rarer_of(pair: tuple[str, str]) -> str:
    """The one of two words by which to look for both: all but one pair end in `key`."""
    return pair[1] if len(pair[1]) > 2 else pair[0]


def _shortest(words: Iterable[str]) -> frozenset[str]:
    """The words that have no other of them within."""
    words = frozenset(words)
    return frozenset(word for word in words if not any(other in word for other in words - {word}))


_HARMLESS = frozenset(
    {
        *("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token"),
        *("stop_token", "end_token", "image_token", "video_token", "audio_token"),
        "secrets_removed",  # a count of ours
    }
)
_QUERY_NAMES = frozenset(
    {
        *("key", "sig", "signature", "expires", "policy", "code", "se", "skoid", "sktid"),
        *("x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-amz-expires", "x-amz-date"),
        *("x-goog-signature", "x-goog-credential", "x-goog-expires", "key-pair-id", "awsaccesskeyid"),
    }
)
_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})

_MOST_KNOWN = 4096


class Names:
    """Judges names, each once: those that are always secrets, those that are given, without those that are allowed.

    Where names do not `count`, none is one.
    """

    def __init__(
        self, names: Iterable[str], query_names: Iterable[str], allowed: Iterable[str], *, count: bool = True
    ) -> None:
        self.count = count
        self.harmless: set[str] = set()
        self._names = frozenset(map(str.lower, names))
        self.stems = _shortest({*_WORDS, *_LAST_WORDS, *map(_rarer_of, _PAIRS), *self._names}) if count else frozenset()
        """In small letters, one of them stands in every name of a secret."""
        self._query_names = _QUERY_NAMES | frozenset(map(str.lower, query_names))
        self._allowed = _HARMLESS | frozenset(map(str.lower, allowed))
        self.is_secret = functools.lru_cache(_MOST_KNOWN)(self._is_secret)

    def _is_secret(self, name: str) -> bool:
        plain = name.lower()
        if plain in self._allowed or not self.count:
            return False
        apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
        words = [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]
        return (
            plain in self._names
            or not _WORDS.isdisjoint(words)
            or bool(words and words[-1] in _LAST_WORDS)
            or not _PAIRS.isdisjoint(itertools.pairwise(words))
        )

    def note_harmless(self, name: str) -> None:
        """Remember a name that nothing is wrong with: most bodies consist of a few dozen."""
        if len(self.harmless) < _MOST_KNOWN and len(name) < 64:
            self.harmless.add(name)

    def is_secret_in_url(self, name: str) -> bool:
        """Whether a query parameter called `name` holds a secret."""
        return (self.count and name.lower() in self._query_names) or self.is_secret(name)

    def is_header(self, name: str) -> bool:
        """Whether `name` is that of a secret, and no word of everyday: `X-Api-Key`, `cookie`, and not `secret`.

        In a list of two texts the first may be a name, or the first of two words.
        """
        return (name.lower() in _HEADERS or "-" in name or "_" in name) and self.is_secret(name)
