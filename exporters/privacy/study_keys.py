"""Keep the keys of studies where the data is not: a file for each, that its owner alone can read.

~/.config/otel-tracking/studies/<name>.key      32 random bytes, in hex
~/.config/otel-tracking/studies/<name>.roster   who takes part, where somebody keeps a list
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from exporters.errors import BadStudyName, NoStudyKey, StudyError, StudyIsThere, UnsafeStudyKey
from exporters.storage.files import PRIVATE_DIRECTORY, PRIVATE_FILE, kind_of, make_directory, naming, sync_directory
from exporters.storage.files import write_file as replace_file
from otel_tracking.pseudonyms import SHORTEST_KEY, Pseudonyms

KEYS_VARIABLE = "OTEL_TRACKING_STUDIES"
LARGEST_ROSTER = 2**20
"""Bytes of a list of names."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEX = re.compile(rb"[0-9a-f]{%d}\n?" % (2 * SHORTEST_KEY))


def is_name(text: str) -> bool:
    """Whether a text may be a study's name, and part of a file's.

    >>> is_name("garden-2026"), is_name("../garden")
    (True, False)
    """
    return _NAME.fullmatch(text) is not None


def checked_name(name: str) -> str:
    """The name, which may be a study's. Raises `BadStudyName`."""
    if not is_name(name):
        raise BadStudyName(
            f"{name!r:.80} is no name of a study; up to 64 of the letters a to z, digits, - _ and . would work, "
            "beginning with a letter or digit, such as garden-2026"
        )
    return name


def keys_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Where keys are: `OTEL_TRACKING_STUDIES`, or `otel-tracking/studies` in the user's own configuration."""
    if said := environment.get(KEYS_VARIABLE, "").strip():
        return Path(said).expanduser().absolute()
    base = environment.get("XDG_CONFIG_HOME", "").strip()
    # XDG: a relative path counts as none.
    home = Path(base) if base.startswith("/") else Path("~/.config").expanduser()
    return home / "otel-tracking" / "studies"


class StudyKeys:
    """The keys directory, as far as one data directory may use it. Raises `UnsafeStudyKey` where it lies inside."""

    def __init__(self, data_dir: str | Path, directory: Path | None = None) -> None:
        self.directory = directory or keys_directory()
        data = Path(data_dir).resolve()
        if self.directory.resolve().is_relative_to(data):
            raise UnsafeStudyKey(
                f"the keys in {self.directory} would lie where the data is ({data}), and whoever has both knows all "
                f"names; set {KEYS_VARIABLE} to a directory outside of it"
            )

    def path(self, name: str) -> Path:
        """Where the key of that study is, or would be."""
        return self.directory / f"{checked_name(name)}.key"

    def roster(self, name: str) -> Path:
        """Where its list of names is, or would be."""
        return self.directory / f"{checked_name(name)}.roster"

    def make(self, name: str) -> Pseudonyms:
        """A new key, durable. Raises `StudyIsThere` where there is one."""
        key, path = secrets.token_bytes(SHORTEST_KEY), self.path(name)
        self._make_directory()
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            with naming(path):
                descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(key.hex().encode() + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
            # A link, not a rename: it is never put in the place of a key that is there.
            os.link(temporary, path)
        except FileExistsError:
            raise StudyIsThere(
                f"a key of the study {name} is in {path} already; with --adopt it is taken (the same study, in another "
                "data directory), another name makes another study"
            ) from None
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        sync_directory(self.directory)
        return Pseudonyms(key)

    def read(self, name: str) -> Pseudonyms:
        """The key that is there. Raises `NoStudyKey`, or `UnsafeStudyKey` where it cannot be trusted."""
        path = self.path(name)
        self._check_directory()
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise NoStudyKey(_lost(name, path)) from None
        except OSError as trouble:
            raise UnsafeStudyKey(f"the key of the study {name} cannot be read: {_why(path, trouble)}") from trouble
        try:
            _check_file(path, os.fstat(descriptor).st_mode)
            content = os.read(descriptor, 1000)
        finally:
            os.close(descriptor)
        if not _HEX.fullmatch(content):
            raise UnsafeStudyKey(f"{path} is damaged: a key is {2 * SHORTEST_KEY} hex digits; put back a copy of it")
        return Pseudonyms(bytes.fromhex(content.decode()))

    def keep_roster(self, name: str, source: Path) -> None:
        """Copy a list of names beside the key. Raises `StudyError` where it is none."""
        content = _read_roster(source)
        self._make_directory()
        replace_file(self.roster(name), content)

    def _make_directory(self) -> None:
        make_directory(self.directory)
        self._check_directory()

    def _check_directory(self) -> None:
        try:
            mode = self.directory.stat().st_mode
        except OSError:
            return  # whoever looks for a key says that it is not there
        if stat.S_IMODE(mode) & ~PRIVATE_DIRECTORY & 0o077:
            raise UnsafeStudyKey(
                f"others may look into {self.directory}, where keys of studies are; chmod 700 {self.directory} "
                "would help"
            )


def _check_file(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise UnsafeStudyKey(f"{path} is {kind_of(path)}, not the file of a key; put back a copy of the key")
    if stat.S_IMODE(mode) & 0o077:
        raise UnsafeStudyKey(f"{path} is a study's key and others may read it; chmod 600 {path} would help")


def _why(path: Path, trouble: OSError) -> str:
    if path.is_symlink():
        return f"{path} is a symbolic link; the key's own file has to lie there"
    return f"{path} ({trouble.strerror})"


def _lost(name: str, path: Path) -> str:
    return (
        f"the key of the study {name} is not there (looked for {path}); put back a copy of it. Without it "
        "pseudonyms stay what they are, nobody new can be joined to them, and nobody can be found by name"
    )


def _read_roster(source: Path) -> bytes:
    try:
        content = source.read_bytes()
        content.decode("utf-8")
    except OSError as trouble:
        raise StudyError(f"the roster {source} cannot be read ({trouble.strerror})") from trouble
    except UnicodeDecodeError:
        raise StudyError(f"the roster {source} is no text in UTF-8; a name on each line would work") from None
    if len(content) > LARGEST_ROSTER:
        raise StudyError(f"the roster {source} has {len(content):,} bytes; {LARGEST_ROSTER:,} at most would work")
    return content
