"""Keep what was set aside, with the reason: the requests of a trace that could not be made, or not be believed.

An entry is a note (`<id>.json`) and the requests it came from, byte for byte, so that taking it up again is exact. A
request that several entries name is there once. Bytes and number are bounded: the oldest of whoever has most here
goes first, so that nobody can push out what others sent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from collectors.receiving.durably import write_whole

MOST_ENTRIES = 10_000
MOST_BYTES = 2**30

NOTE = ".json"
BODIES = "bodies"


class RequestBody(NamedTuple):
    """A request's body as it came, and what it holds (`P` protobuf, `J` JSON)."""

    kind: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Aside:
    """What is kept of a trace: why it was set aside, who sent it, when (seconds since 1970), and its requests' names.

    `is_whole` says that its run was set aside with everything that had come of it: what comes later joins it.
    """

    id: str
    trace_id: str
    reason: str
    sender: str
    time: float
    spans: int
    bytes: int
    is_whole: bool
    requests: tuple[str, ...]


def read_asides(directory: Path) -> list[Aside]:
    """The entries below `directory`, oldest first; for those who only look, also while another process collects."""
    found = [aside for path in directory.glob(f"*{NOTE}") if (aside := _read_note(path))]
    return sorted(found, key=lambda aside: (aside.time, aside.id))


def id_of(aside: Aside, requests: Iterable[str]) -> str:
    """The id of an entry with these requests: the same for the same once more."""
    told = json.dumps([aside.trace_id, aside.reason, aside.sender, list(requests)])
    return aside.trace_id[:8] + "-" + hashlib.sha256(told.encode()).hexdigest()[:8]


def name_of(request: RequestBody) -> str:
    """The name of a request: what it holds, and the hash of its bytes."""
    return f"{request.kind.decode()}-{hashlib.sha256(request.body).hexdigest()}"


def requests_in(directory: Path) -> Iterator[RequestBody]:
    """All requests that are kept below a directory; for those who only look."""
    for path in sorted((directory / BODIES).glob("[!.]*")):
        with contextlib.suppress(FileNotFoundError):  # a collector at work has just removed it
            yield RequestBody(path.name[:1].encode(), path.read_bytes())


class Quarantine:
    """The entries in one directory, of whoever has the spool beside it. For several threads."""

    def __init__(self, directory: Path, *, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self._directory, self._bodies = directory, directory / BODIES
        self._most_entries, self._most_bytes = most_entries, most_bytes
        self._lock = threading.Lock()
        self.dropped = 0
        self._look()

    def __len__(self) -> int:
        return len(self._asides)

    @property
    def size(self) -> int:
        """Bytes of all requests."""
        return sum(list(self._sizes.values()))

    @property
    def asides(self) -> list[Aside]:
        """The entries, oldest first."""
        return list(self._asides.values())

    @property
    def names(self) -> list[str]:
        """The names of all requests."""
        return list(self._sizes)

    @contextlib.contextmanager
    def rewriting(self) -> Iterator[Path]:
        """The directory, for whoever changes what is in it; nobody else does meanwhile."""
        with self._lock:
            try:
                yield self._directory
            finally:
                self._look()

    def put(
        self,
        trace_id: int,
        reason: str,
        sender: str,
        requests: Iterable[RequestBody | str],
        *,
        spans: int,
        is_whole: bool = False,
    ) -> Aside:
        """Keep what is set aside; durable when this returns. The same once more changes nothing. Raises OSError.

        A request that is here already may be given by its name, as an entry has it: raises KeyError where it is not.
        """
        with self._lock:
            for directory in (self._directory, self._bodies):
                directory.mkdir(mode=0o700, exist_ok=True)
            names = tuple(dict.fromkeys(map(self._keep, requests)))
            aside = Aside(
                id="",
                trace_id=f"{trace_id:032x}",
                reason=reason,
                sender=sender,
                time=time.time(),
                spans=spans,
                bytes=sum(self._sizes[name] for name in names),
                is_whole=is_whole,
                requests=names,
            )
            aside = replace(aside, id=id_of(aside, names))
            if aside.id not in self._asides:
                write_whole(self._directory / f"{aside.id}{NOTE}", json.dumps(asdict(aside)).encode())
                self._asides[aside.id] = aside
                self._uses.update(names)
            self._make_room()
            return aside

    def requests_of(self, aside: Aside) -> list[RequestBody]:
        """The requests of an entry. Raises OSError where one is gone or is not what it was."""
        return [self.request(name) for name in aside.requests]

    def remove(self, aside: Aside) -> None:
        """Forget an entry, and the requests that no other one has."""
        with self._lock:
            self._remove(aside)

    def _keep(self, request: RequestBody | str) -> str:
        if isinstance(request, str):
            self._sizes[request]  # or KeyError
            return request
        name = name_of(request)
        if name not in self._sizes:
            write_whole(self._bodies / name, request.body)
            self._sizes[name] = len(request.body)
        return name

    def request(self, name: str) -> RequestBody:
        """The request of that name. Raises OSError where it is gone or is not what it was."""
        kind, _, digest = name.partition("-")
        body = (self._bodies / name).read_bytes()
        if hashlib.sha256(body).hexdigest() != digest:
            raise OSError(f"{self._bodies / name} is not what was written")
        return RequestBody(kind.encode(), body)

    def _make_room(self) -> None:
        while len(self._asides) > 1 and (len(self._asides) > self._most_entries or self.size > self._most_bytes):
            shares: Counter[str] = Counter()
            for aside in self._asides.values():
                shares[aside.sender] += aside.bytes + 1
            [(greatest, _)] = shares.most_common(1)
            self._remove(next(aside for aside in self._asides.values() if aside.sender == greatest))
            self.dropped += 1

    def _remove(self, aside: Aside) -> None:
        if self._asides.pop(aside.id, None) is None:
            return
        (self._directory / f"{aside.id}{NOTE}").unlink(missing_ok=True)
        for name in aside.requests:
            self._uses[name] -= 1
            if self._uses[name] <= 0:
                del self._uses[name]
                self._sizes.pop(name, None)
                (self._bodies / name).unlink(missing_ok=True)

    def _look(self) -> None:
        """Know what there is, and measure the requests; one that no entry has was left by a death."""
        self._asides = {aside.id: aside for aside in read_asides(self._directory)}
        self._uses = Counter(name for aside in self._asides.values() for name in aside.requests)
        self._sizes: dict[str, int] = {}
        for path in list(self._bodies.glob("[!.]*")):
            if path.name in self._uses:
                self._sizes[path.name] = path.stat().st_size
            else:
                path.unlink(missing_ok=True)


def _read_note(path: Path) -> Aside | None:
    try:
        note: Mapping[str, object] = json.loads(path.read_bytes())
        aside = Aside(**{**note, "requests": tuple(note["requests"])})  # type: ignore[arg-type]  # checked below
        is_one = all(type(getattr(aside, name)) is kind for name, kind in _NOTED.items()) and path.stem == aside.id
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return aside if is_one and all(map(_is_name, aside.requests)) else None


_NOTED = {
    **{"id": str, "trace_id": str, "reason": str, "sender": str, "time": float},
    **{"spans": int, "bytes": int, "is_whole": bool},
}


def _is_name(name: object) -> bool:
    """Whether this is the name of a request, and not a way to somewhere else."""
    return type(name) is str and len(name) == 66 and name[:2] in ("P-", "J-") and name[2:].isalnum()
