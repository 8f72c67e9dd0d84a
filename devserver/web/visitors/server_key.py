"""The key of this server, with which it signs what it gives to browsers and programs: logins, pupils, tickets."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from exporters.storage.files import PRIVATE_FILE, make_directory

_log = logging.getLogger(__name__)

_KEY_BYTES = 32


def key_in(folder: Path) -> bytes:
    """The key of this data directory, made at its first use; one for this process alone where it cannot be kept."""
    path = folder / "key"
    try:
        make_directory(folder)
        # Whole or not at all, also where two servers begin at once: the first link wins.
        fresh = folder / f".key.{secrets.token_hex(4)}"
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        key = path.read_bytes()
    except OSError as trouble:
        _log.warning("%s cannot be kept (%s); logins end with this process", path, trouble.strerror)
        key = b""
    return key if len(key) == _KEY_BYTES else secrets.token_bytes(_KEY_BYTES)
