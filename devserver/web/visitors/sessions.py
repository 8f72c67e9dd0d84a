"""Who is logged in: kept in a private file, so that a session outlives a restart and can be taken back alone.

A cookie is a secret, signed with the time of its signing by a key of this server. The file has the secret's hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from itsdangerous import BadData, TimestampSigner

from devserver.web.visitors.roles import Role
from devserver.web.visitors.server_key import key_in
from exporters.storage.files import write_file

_log = logging.getLogger(__name__)

SESSION_SECONDS = 12 * 3600
"""How long a cookie counts after it was last renewed."""

RENEW_SECONDS = 3600
"""How old a cookie is that is renewed when it is used."""

MOST_SESSIONS = 2000
FOLDER = "access"


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is logged in. `token_print` says with which token, without saying the token."""

    name: str
    role: Role
    token_print: str
    address: str
    begun: float
    used: float


class Sessions:
    """The sessions of one data directory."""

    def __init__(
        self, data_dir: Path, tokens: list[tuple[str, Role]], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = data_dir / FOLDER / "sessions.json"
        self._clock = clock
        self._lock = threading.Lock()
        # Where no token is asked for nobody logs in, and nothing is kept.
        self._key = key_in(data_dir / FOLDER) if tokens else secrets.token_bytes(32)
        self._prints = {_print_of(token, self._key): role for token, role in tokens}
        self._signer = _Signer(self._key, clock)
        self._by_hash: dict[str, Session] = _read(self._path)

    def begin(self, token: str, address: str) -> tuple[Session, str]:
        """A new session of somebody who showed that token, and its cookie."""
        secret = secrets.token_urlsafe(24)
        now, print_ = self._clock(), _print_of(token, self._key)
        hashed = _hash_of(secret)
        session = Session(hashed[:8], self._prints[print_], print_, address, now, now)
        self._change(lambda by_hash: by_hash.update({hashed: session}))
        return session, self._signer.sign(secret).decode()

    def of_cookie(self, cookie: str) -> Session | None:
        """The session of a cookie that we gave, while it counts and its token is one of ours."""
        secret = self._signer.secret_in(cookie)
        session = self._by_hash.get(_hash_of(secret)) if secret else None
        role = self._prints.get(session.token_print) if session else None
        # What its token opens now, whatever that was when it began.
        return replace(session, role=role) if session and role else None

    def renewed(self, cookie: str) -> str | None:
        """A fresh cookie for one that counts and is older than an hour; None for others."""
        secret = self._signer.secret_in(cookie)
        if secret is None or self._signer.secret_in(cookie, RENEW_SECONDS) is not None:
            return None
        hashed, now = _hash_of(secret), self._clock()
        if hashed not in self._by_hash:
            return None
        self._change(lambda by_hash: by_hash.update({hashed: replace(by_hash[hashed], used=now)}))
        return self._signer.sign(secret).decode()

    def all(self) -> list[Session]:
        """Those that count, the last used first."""
        since = self._clock() - SESSION_SECONDS
        counting = [one for one in self._by_hash.values() if one.used >= since and one.token_print in self._prints]
        return sorted(counting, key=lambda one: -one.used)

    def end(self, name: str) -> bool:
        """Take one back, by its name; whether there was one."""
        gone = [hashed for hashed, one in self._by_hash.items() if one.name == name]
        self._change(lambda by_hash: [by_hash.pop(hashed, None) for hashed in gone])
        return bool(gone)

    def _change(self, change: Callable[[dict[str, Session]], Any]) -> None:
        with self._lock:
            by_hash = dict(self._by_hash)
            with contextlib.suppress(KeyError):  # it was taken back meanwhile
                change(by_hash)
            self._by_hash = _those_that_count(by_hash, self._clock() - SESSION_SECONDS)
            try:
                write_file(self._path, json.dumps({key: asdict(one) for key, one in self._by_hash.items()}).encode())
            except OSError as trouble:
                _log.warning("sessions cannot be kept (%s); they end with this process", trouble.strerror)


class _Signer(TimestampSigner):
    """Signs secrets with the time of a clock, and says what was signed."""

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        super().__init__(key, salt="devserver login")
        self._clock = clock

    def get_timestamp(self) -> int:
        """Now, in seconds."""
        return int(self._clock())

    def secret_in(self, cookie: str, seconds: int = SESSION_SECONDS) -> str | None:
        """The secret in a cookie of ours; None for any other, and for one that is too old."""
        try:
            return self.unsign(cookie, max_age=seconds).decode()
        except (BadData, UnicodeError):
            return None


def _those_that_count(by_hash: dict[str, Session], since: float) -> dict[str, Session]:
    """Without those that are over; of very many the last used, and of pupils the first to go."""
    counting = {key: one for key, one in by_hash.items() if one.used >= since}
    ranked = sorted(counting, key=lambda key: (counting[key].role is not Role.PUPIL, counting[key].used), reverse=True)
    return {key: counting[key] for key in ranked[:MOST_SESSIONS]}


def _read(path: Path) -> dict[str, Session]:
    try:
        stored = json.loads(path.read_bytes())
        return {key: Session(**{**one, "role": Role(one["role"])}) for key, one in stored.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _print_of(token: str, key: bytes) -> str:
    return hmac.new(key, token.encode(), hashlib.sha256).hexdigest()


def _hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
