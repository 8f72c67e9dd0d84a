"""Keep what cannot be read, for a person or another version to look at; never guess what it says."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from collectors.flight_recorder.layout import Damaged, forget_at

logger = logging.getLogger(__name__)


class SetAside:
    """The directory `set-aside` of a namespace, as far as one owner's journals went there."""

    def __init__(self, directory: Path, token: str) -> None:
        self.count = 0
        self.failed = 0
        self._directory = directory
        self._token = token

    def take_file(self, path: Path, damage: Damaged) -> None:
        """Move a whole file there."""
        try:
            path.rename(self._place(path.name))
            self._tell(path.name, damage)
        except OSError as error:
            self._could_not(path.name, error)

    def take_segment(self, path: Path, start: int, data: bytes, damage: Damaged) -> None:
        """Copy one segment there, then make it nobody's; the rest of its file is readable."""
        name = f"{path.name}.{start}"
        try:
            fresh = self._place(f"{name}.new")
            fresh.write_bytes(data)
            fresh.chmod(0o600)
            fresh.rename(self._place(name))
            forget_segment(path, start)
            self._tell(name, damage)
        except OSError as error:
            self._could_not(name, error)

    def has_any(self) -> bool:
        """Whether something of this owner is damaged, now or when an earlier claimer looked."""
        return bool(self.failed) or any(self._directory.glob(f"{self._token}.*"))

    def _place(self, name: str) -> Path:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        return self._directory / f"{self._token}.{name}"

    def _tell(self, name: str, damage: Damaged) -> None:
        self.count += 1
        logger.warning("%s cannot be read and is kept as %s: %s", name, self._place(name), damage)

    def _could_not(self, name: str, error: OSError) -> None:
        self.failed += 1
        logger.warning("%s cannot be read and could not be set aside: %s", name, error)


def forget_segment(path: Path, start: int) -> None:
    """Make the segment at `start` nobody's: on a RAM disk this outlives the process from the moment it returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.pwrite(descriptor, bytes(8), forget_at(start))
    finally:
        os.close(descriptor)
