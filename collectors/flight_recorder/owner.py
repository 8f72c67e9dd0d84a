"""Say whose a journal directory is, and whether that process is gone.

The owner stands in the directory's name, so it is there from the first moment on, and taking a directory over is one
atomic rename. An owner is pid + start time (pids are reused) + boot. `flock` would be inherited by a fork.

A pid means nothing in another pid namespace (containers that share /dev/shm). There a POSIX record lock on the file
`alive` decides: a fork does not inherit it, and the kernel drops it with the process.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.flight_recorder.ours import OurDirectory, as_text
from collectors.flight_recorder.place import make_own

logger = logging.getLogger(__name__)

ALIVE = "alive"
_NOBODY = 0


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, and a token that stays with the directory whoever owns it."""

    pid: int
    started: int
    pid_namespace: int
    boot_id: str
    token: str

    @property
    def name(self) -> str:
        """The directory's name."""
        return f"{self.pid}-{self.started}-{self.pid_namespace}-{self.boot_id}-{self.token}"

    def given_up(self) -> Owner:
        """Return the owner of the same directory once nobody is: anybody may claim it."""
        return replace(self, pid=_NOBODY, started=0)


def read_owner(name: str) -> Owner | None:
    """Return the owner a directory's name tells of, or None where it is no owner's directory."""
    parts = name.split("-")
    if len(parts) != 5 or not all(part.isdecimal() for part in parts[:3]):
        return None
    return Owner(int(parts[0]), int(parts[1]), int(parts[2]), parts[3], parts[4])


def this_process(token: str | None = None) -> Owner:
    """Return this process as an owner, of a new directory unless a `token` is given; OSError without /proc."""
    alive = _start_time(os.getpid())
    if alive is None:
        raise OSError("/proc/<pid>/stat does not tell when this process started")
    return Owner(os.getpid(), alive, _pid_namespace(), _boot_id(), token or secrets.token_hex(8))


@dataclass
class Taken:
    """An owner's directory that is this process's, and held."""

    directory: OurDirectory
    owner: Owner
    held: int | None

    def let_go(self, *, keep: bool) -> None:
        """Remove the directory with all that is in it, or `keep` it to be claimed by anybody; once is enough."""
        if self.held is None:
            return
        try:
            if keep:
                self.directory.take_name(self.owner.given_up().name)
            else:
                self.directory.remove()
        except OSError as error:
            logger.warning("%s cannot be released: %s", as_text(self.directory.path), error.strerror)
        finally:
            self.leave()

    def leave(self) -> None:
        """Hold it no more, and leave it as it is."""
        held, self.held = self.held, None
        if held is not None:
            os.close(held)
            self.directory.leave()


def take_new(base: Path, namespace: str, *, force: bool) -> Taken:
    """A new directory of this process in a namespace, held; raises `Unusable` or OSError where there is none."""
    mine = this_process()
    directory = make_own(base, namespace, mine.name, force=force)
    try:
        return Taken(directory, mine, hold(directory))
    except BaseException:
        with contextlib.suppress(OSError):
            directory.remove()
        directory.leave()
        raise


def is_gone(directory: OurDirectory, owner: Owner) -> bool:
    """Tell whether the owner can never write again; in doubt it is alive."""
    if owner.pid == _NOBODY or owner.boot_id != _boot_id():
        return True
    if owner.pid_namespace == _pid_namespace():
        return _start_time(owner.pid) != owner.started
    return not _is_held(directory)


def hold(directory: OurDirectory) -> int:
    """Return a descriptor that marks the directory as alive until it is closed or the process dies."""
    import fcntl  # not on Windows, where the recorder says "memory only" before it comes here

    # Locked before it has its name: whoever finds `alive` unlocked may rely on it.
    fresh = f"{ALIVE}.{os.getpid()}"
    descriptor = directory.open_file(fresh, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        directory.rename(fresh, ALIVE)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def take_hold(directory: OurDirectory) -> int | None:
    """Return a descriptor like `hold`'s for a dead owner's directory, or None where somebody has it."""
    import fcntl

    try:
        descriptor = directory.open_file(ALIVE, os.O_RDWR)
    except FileNotFoundError:
        # Its owner died before it got that far.
        return hold(directory)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _is_held(directory: OurDirectory) -> bool:
    import fcntl

    try:
        descriptor = directory.open_file(ALIVE, os.O_RDWR)
    except OSError:
        return True
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")


def _pid_namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _start_time(pid: int) -> int | None:
    """Return when the process started, in ticks since boot, or None where it has ended."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name may hold blanks and brackets; what follows its last bracket does not.
    fields = told[told.rindex(b")") + 2 :].split()
    state, threads, started = fields[0], int(fields[17]), int(fields[19])
    # Killed, and its parent has not asked yet. With threads left only the first of them has ended.
    if state in (b"Z", b"X") and threads <= 1:
        return None
    return started
