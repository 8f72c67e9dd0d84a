"""Say which Ollama answers, and which model it has under a name: its version, and the digest of the model.

`mistral-nemo:latest` is another model next month; only the digest tells. The server is asked while a model answers, by
a thread of its own and over a client that records nothing, and what it said is good for a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from devserver.backends.errors import EngineError
from devserver.backends.http import answers, check_status, plain_client, read_object

SERVER = "Ollama"
WAIT_SECONDS = 5.0
"""How long a text that is there waits for what the server says of itself: at most once a minute."""

GOOD_FOR_SECONDS = 60.0


class Identity(NamedTuple):
    """A server's version, and the digests of its models by name; empty where it does not say."""

    version: str = ""
    digests: Mapping[str, str] = {}  # a NamedTuple's default, which nobody changes

    def digest_of(self, model: str) -> str:
        """The digest of a model; a name without a tag means `:latest`."""
        return self.digests.get(model) or self.digests.get(f"{model}:latest") or ""


class Identities:
    """What one server says of itself; may be shared by threads. `clock` gives seconds."""

    def __init__(self, base_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._base_url, self._clock = base_url, clock
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._asking: threading.Thread | None = None
        self._identity = Identity()

    def ask(self) -> None:
        """Have the server asked where that was long ago; comes back at once."""
        with self._lock:
            if self._asked_at is not None and self._clock() - self._asked_at < GOOD_FOR_SECONDS:
                return
            self._asked_at = self._clock()
            self._asking = threading.Thread(target=self._ask, name="ollama-identity", daemon=True)
            self._asking.start()

    def told(self) -> Identity:
        """What it said when it was asked last; waits for that a little."""
        with self._lock:
            asking = self._asking
        if asking is not None:
            asking.join(WAIT_SECONDS)
        return self._identity

    def _ask(self) -> None:
        listed = self._answer("/api/tags").get("models")
        models = [model for model in listed if isinstance(model, dict)] if isinstance(listed, list) else []
        digests = {str(model.get("name")): str(model["digest"]) for model in models if model.get("digest")}
        self._identity = Identity(str(self._answer("/api/version").get("version") or ""), digests)

    def _answer(self, path: str) -> dict[str, Any]:
        try:
            with answers(SERVER):
                response = plain_client().get(self._base_url + path)
            check_status(response, SERVER)
            return read_object(response.content, SERVER)
        except EngineError:
            return {}  # It is worth knowing, and not worth failing for.
