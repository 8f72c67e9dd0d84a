"""Know a sender by his token: one for all, or a file with a name and a token for each."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from collectors.listening.tokens import bearer_in, is_same, what_is_wrong
from otel_tracking.errors import RecordingError

# Without dots and colons: no name can be taken for an address.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Tokens:
    """The tokens that open: the one without a name, and those of named senders."""

    def __init__(self, unnamed: str | None = None, named: Mapping[str, str] | None = None) -> None:
        self._unnamed, self._named = unnamed, dict(named or {})

    @property
    def are_asked_for(self) -> bool:
        """Whether a sender needs one."""
        return self._unnamed is not None or bool(self._named)

    def sender_of(self, authorization: str, address: str) -> str | None:
        """Who sends: the name of the token, or the address where it has none; None for whoever may not."""
        if not self.are_asked_for:
            return address
        token = bearer_in(authorization) or ""
        # Every token is compared, in constant time: how long it takes tells nothing.
        found = [name for name, known in self._named.items() if is_same(token, known)]
        is_unnamed = self._unnamed is not None and is_same(token, self._unnamed)
        return found[0] if found else address if is_unnamed else None


def read_tokens(path: Path) -> dict[str, str]:
    """The tokens of a file by name: a line for each sender, `name token`; `#` begins a comment.

    Raises `RecordingError` where others may read the file, and for a line that is none.
    """
    try:
        mode = path.stat().st_mode
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as trouble:
        raise RecordingError(f"the tokens in {path} cannot be read ({type(trouble).__name__})") from trouble
    if stat.S_IMODE(mode) & 0o077:
        raise RecordingError(f"{path} holds tokens and others may read it; chmod 600 {path} would help")
    tokens: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, token = _read_line(line, f"line {number} of {path}")
            if name in tokens or token in tokens.values():
                raise RecordingError(f"line {number} of {path} has a name or token that is there already")
            tokens[name] = token
    if not tokens:
        raise RecordingError(f"{path} holds no token; a line such as 'classroom-1 TOKEN' would work")
    return tokens


def _read_line(line: str, where: str) -> tuple[str, str]:
    name, _, token = line.strip().partition(" ")
    token = token.strip()
    if not _NAME.fullmatch(name):
        raise RecordingError(f"{where} does not begin with a name (letters, digits, - and _) and a space")
    if wrong := what_is_wrong(token):
        raise RecordingError(f"the token in {where} {wrong}")
    return name, token
