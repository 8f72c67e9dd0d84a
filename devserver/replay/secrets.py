"""Put secrets back that were removed from a record: from the environment, for the host that is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

from devserver.backends.servers import Provider
from devserver.replay.model import CannotRepeat

_MARKER = re.compile(r"\[removed: ([^\]]+)\]")
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9]+")


class Secrets:
    """The secrets of the environment, and which provider's key is in which of its variables."""

    def __init__(self, environment: Mapping[str, str], providers: Sequence[Provider] = ()) -> None:
        self._environment, self._providers = environment, providers

    def in_header(self, name: str, value: str, url: str) -> str:
        """A header's value with what was removed from it."""
        if name == "authorization" and _MARKER.fullmatch(value):
            key = self._key_of_provider(url)
            if key and not self._environment.get(variable(url, name)):
                return f"Bearer {key}"
        if _MARKER.fullmatch(value):
            return self._value(url, name)
        return self.in_text(value, url)

    def in_url(self, url: str) -> str:
        """A URL with what was removed from it, which must not be its host."""
        return _MARKER.sub(lambda found: quote(self._value(url, found[1]), safe=":"), url)

    def in_text(self, text: str, url: str) -> str:
        """A text of a request to `url` with what was removed from it."""
        return _MARKER.sub(lambda found: self._value(url, found[1]), text)

    def _value(self, url: str, name: str) -> str:
        value = self._environment.get(variable(url, name))
        if not value:
            raise CannotRepeat(f"a secret was removed ({name}); {variable(url, name)} in the environment would hold it")
        return value

    def _key_of_provider(self, url: str) -> str | None:
        host = host_of(url)
        for provider in self._providers:
            is_secure = url.startswith("https://") or not provider.base_url.startswith("https://")
            if provider.key_variable and host_of(provider.base_url) == host and is_secure:
                return self._environment.get(provider.key_variable)
        return None


def holds_marker(text: str) -> bool:
    """Whether something was removed from a text."""
    return _MARKER.search(text) is not None


def variable(url: str, name: str) -> str:
    """The environment variable of a secret of a host.

    >>> variable("https://api.school.example/v1", "x-api-key")
    'REPLAY_SECRET_API_SCHOOL_EXAMPLE_X_API_KEY'
    """
    return "_".join(["REPLAY_SECRET", *(_NOT_IN_NAMES.sub("_", part.upper()) for part in (host_of(url), name))])


def host_of(url: str) -> str:
    """The host of a URL in lower case, without user and port; empty where there is none."""
    try:
        return (urlsplit(_MARKER.sub("removed", url)).hostname or "").lower()
    except ValueError:
        return ""
