"""What secrets look like: by their name, by the shape of their text, by their place in a URL."""

from __future__ import annotations

import functools
import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_tracking.redaction import RedactionPolicy

_WORDS = frozenset(
    {
        *("secret", "secrets", "password", "passwd", "passphrase", "apikey"),
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
    }
)
_HARMLESS = frozenset(
    {
        *("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token"),
        *("stop_token", "end_token", "image_token", "video_token", "audio_token"),
    }
)
_QUERY_NAMES = frozenset(
    {
        *("key", "sig", "signature", "expires", "policy", "code", "se", "skoid", "sktid"),
        *("x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-amz-expires", "x-amz-date"),
        *("x-goog-signature", "x-goog-credential", "x-goog-expires", "key-pair-id", "awsaccesskeyid"),
    }
)
_NODE_CLASSES = frozenset({"ai4artsed_openrouter_key"})

# A word in prose ("bearer of news", "sk-like") is no secret: one has a digit in it or is long.
_TOKEN = r"(?:(?=[\w.~+/=-]*\d)[\w.~+/=-]{8,}|[\w.~+/=-]{24,})"
_PATTERNS = (
    re.compile(rf"(?i)(?P<keep>\bbearer\s+){_TOKEN}"),
    re.compile(rf"(?<![A-Za-z0-9])sk-{_TOKEN}"),
    re.compile(r"\b(?:hf_|gh[opsu]_|github_pat_|xox[abp]-|AKIA|AIza)[\w-]{14,}"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"),
)
USERINFO = re.compile(r"(?<=://)[^/\s?#\"'<>]*@")
QUERY = re.compile(r"(?P<keep>[?&;](?P<name>[^=&#\s\"'<>?;]{1,100})=)[^&#\s\"'<>]+")
LABELLED = re.compile(
    r"(?P<keep>(?P<quote>[\"'])(?P<name>[\w.-]{1,60})(?P=quote)\s*:\s*)(?:\"(?:[^\"\\]|\\.)*\"?|[^\s,}\]]+)"
    r"|(?P<keep_>(?<![\w.-])(?P<name_>[\w.-]{1,60})=)[^\s&;,\"']+"
)
"""`"name": "value"` and `name=value` in text that is no JSON."""


SHORTEST = 8
"""Characters of the shortest text that one of these patterns finds something in."""


def may_hold_secret(text: str) -> bool:
    """Whether it is worth to look for these patterns in `text`: in C, and mostly for single characters, which is
    twenty times faster than to look for several (10 KB of prose: 20 µs instead of 90).
    """
    return (
        (":" in text and "://" in text)
        or ("=" in text and ("?" in text or "&" in text))
        or ("-" in text and ("sk-" in text or "xox" in text))
        or ("_" in text and ("hf_" in text or "gh" in text))
        or ("J" in text and "eyJ" in text)
        or ("A" in text and ("AKIA" in text or "AIza" in text))
        or "earer" in text
        or ("R" in text and "EARER" in text)
    )


class Rules:
    """A policy made ready: names are judged once."""

    def __init__(self, policy: RedactionPolicy) -> None:
        self.also = policy.also
        self.patterns = (*_PATTERNS, *policy.patterns)
        self.has_own_patterns = bool(policy.patterns)
        self.harmless_names: set[str] = set()
        self.node_classes = _NODE_CLASSES | policy.node_classes
        self._names = frozenset(map(str.lower, policy.names))
        self._query_names = _QUERY_NAMES | frozenset(map(str.lower, policy.query_names))
        self._allowed = _HARMLESS | frozenset(map(str.lower, policy.allowed))
        self.is_secret = functools.lru_cache(4096)(self._is_secret)

    def _is_secret(self, name: str) -> bool:
        plain = name.lower()
        if plain in self._allowed:
            return False
        words = _words_of(name)
        return (
            plain in self._names
            or not _WORDS.isdisjoint(words)
            or bool(words and words[-1] in _LAST_WORDS)
            or not _PAIRS.isdisjoint(itertools.pairwise(words))
        )

    def note_harmless(self, name: str) -> None:
        """Remember a name that nothing is wrong with: most bodies consist of a few dozen."""
        if len(self.harmless_names) < 4096 and len(name) < 64:
            self.harmless_names.add(name)

    def is_secret_in_url(self, name: str) -> bool:
        """Whether a query parameter called `name` holds a secret."""
        return name.lower() in self._query_names or self.is_secret(name)


def _words_of(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]
