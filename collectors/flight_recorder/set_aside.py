"""Keep what cannot be read, for a person or another version to look at; never guess what it says."""

from __future__ import annotations

import logging
import os

from collectors.flight_recorder.layout import Damaged, forget_at
from collectors.flight_recorder.ours import NotOurs, OurDirectory, as_text
from collectors.flight_recorder.place import SET_ASIDE

logger = logging.getLogger(__name__)


class SetAside:
    """The directory `set-aside` of a namespace, as far as one owner's journals went there."""

    def __init__(self, namespace: OurDirectory, token: str) -> None:
        self.count = 0
        self.failed = 0
        self.not_ours: list[NotOurs] = []
        self._namespace = namespace
        self._token = token

    def take_file(self, directory: OurDirectory, name: str, damage: Damaged) -> None:
        """Move a whole file there."""
        try:
            with self._namespace.made(SET_ASIDE) as aside:
                directory.rename(name, self._name(name), aside)
            self._tell(name, damage)
        except (OSError, NotOurs) as error:
            self._could_not(name, error)

    def take_segment(self, directory: OurDirectory, file: str, start: int, data: bytes, damage: Damaged) -> None:
        """Copy one segment there, then make it nobody's; the rest of its file is readable."""
        name = f"{file}.{start}"
        try:
            with self._namespace.made(SET_ASIDE) as aside:
                aside.write_whole(self._name(name), data)
            forget_segment(directory, file, start)
            self._tell(name, damage)
        except (OSError, NotOurs) as error:
            self._could_not(name, error)

    def has_any(self) -> bool:
        """Whether something of this owner is damaged, now or when an earlier claimer looked."""
        if self.failed:
            return True
        try:
            with self._namespace.directory(SET_ASIDE) as aside:
                return any(name.startswith(f"{self._token}.") for name in aside.names())
        except FileNotFoundError:
            return False
        except NotOurs as error:
            self.not_ours.append(error)
            return False

    def _name(self, name: str) -> str:
        return f"{self._token}.{name}"

    def _tell(self, name: str, damage: Damaged) -> None:
        self.count += 1
        kept = self._namespace.path / SET_ASIDE / self._name(name)
        logger.warning("%s cannot be read and is kept as %s: %s", name, as_text(kept), damage)

    def _could_not(self, name: str, error: OSError | NotOurs) -> None:
        self.failed += 1
        if isinstance(error, NotOurs):
            self.not_ours.append(error)
        logger.warning("%s cannot be read and could not be set aside: %s", name, error)


def forget_segment(directory: OurDirectory, file: str, start: int) -> None:
    """Make the segment at `start` nobody's: on a RAM disk this outlives the process from the moment it returns."""
    descriptor = directory.open_file(file, os.O_WRONLY)
    try:
        os.pwrite(descriptor, bytes(8), forget_at(start))
    finally:
        os.close(descriptor)
