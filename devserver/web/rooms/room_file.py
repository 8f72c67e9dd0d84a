"""The file of the rooms: JSON that its owner alone may read, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from devserver.web.rooms.room import Pupil, Room
from exporters.storage.files import write_file

FOLDER, FILE = "access", "rooms.json"
"""Where the rooms of a data directory are."""


def read_rooms(path: Path) -> dict[str, Room]:
    """The rooms by their ids; none where there is no file. `OSError` or `ValueError` where it cannot be read."""
    try:
        stored = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    try:
        return {one["room_id"]: _room(one) for one in stored["rooms"]}
    except (TypeError, KeyError) as trouble:
        raise ValueError(f"{path} is no file of rooms") from trouble


def write_rooms(path: Path, rooms: Iterable[Room]) -> None:
    """Replace the file."""
    told = {"rooms": [_plain(room) for room in rooms]}
    write_file(path, json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def aside_of(path: Path) -> Path:
    """Where a file of rooms goes that cannot be read: nicknames may be in it."""
    return path.with_suffix(".damaged")


def stamp_of(path: Path) -> tuple[int, ...]:
    """What changes with the file; nothing where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _plain(room: Room) -> dict[str, Any]:
    return {
        "room_id": room.room_id,
        "title": room.title,
        "code": room.code,
        "opened_at": room.opened_at,
        "study_id": room.study_id,
        "is_paused": room.is_paused,
        "pupils": [[one.pupil_id, one.nickname] for one in room.pupils],
        **{name: sorted(getattr(room, name)) for name in ("sessions", "shared", "hidden")},
    }


def _room(plain: Mapping[str, Any]) -> Room:
    sets = {name: frozenset(map(str, plain[name])) for name in ("sessions", "shared", "hidden")}
    pupils = tuple(Pupil(str(pupil_id), str(nickname)) for pupil_id, nickname in plain["pupils"])
    return Room(**{**plain, **sets, "pupils": pupils})
