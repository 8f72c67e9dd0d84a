"""A room: who is in it, and what may be done in it. Pure: each change gives another room."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from devserver.errors import RequestError

MOST_PUPILS = 100


class RoomRule(RequestError):
    """It cannot be done in this room."""


def check_level(level: str) -> None:
    """Raise `RoomRule` where a server checks nothing: such a one lets no class in."""
    if level == "off":
        raise RoomRule("at safety level off nothing is checked; kids or youth would work", "room unchecked")


@dataclass(frozen=True, slots=True)
class Pupil:
    """Somebody in a room: `pupil_id` is in the record, the nickname nowhere else; empty where it was forgotten."""

    pupil_id: str
    nickname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room. Without a `code` it is closed: nobody comes in and nothing more is asked for.

    `sessions` are the names that it has in records: its own, or the pseudonym of its study. `shared` and `hidden` are
    execution ids, and no run is in both.
    """

    room_id: str
    title: str
    code: str
    opened_at: float
    study_id: str = ""
    is_paused: bool = False
    pupils: tuple[Pupil, ...] = ()
    sessions: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    @property
    def moment(self) -> dt.datetime:
        """When it was opened."""
        return dt.datetime.fromtimestamp(self.opened_at, dt.UTC)

    @property
    def is_open(self) -> bool:
        """Whether pupils may come in and ask for runs."""
        return self.code != ""

    @property
    def nicknames(self) -> frozenset[str]:
        """What those who are in it are called."""
        return frozenset(one.nickname for one in self.pupils if one.nickname)

    def pupil(self, pupil_id: str) -> Pupil | None:
        """Who has that id; None where nobody has, or who had it was sent away."""
        return next((one for one in self.pupils if one.pupil_id == pupil_id), None)

    def nickname_of(self, pupil_id: str) -> str:
        """What somebody is called; empty where that was forgotten."""
        found = self.pupil(pupil_id)
        return found.nickname if found else ""

    def joined(self, pupil: Pupil) -> Room:
        """With somebody more in it, or somebody under another nickname."""
        self._check_open()
        others = tuple(one for one in self.pupils if one.pupil_id != pupil.pupil_id)
        if len(others) >= MOST_PUPILS:
            raise RoomRule(f"{MOST_PUPILS} pupils are in the room; another room would work", "room full")
        return replace(self, pupils=(*others, pupil))

    def without(self, pupil_id: str) -> Room:
        """When somebody was sent away: their cookie opens nothing any more, and their nickname is gone."""
        return replace(self, pupils=tuple(one for one in self.pupils if one.pupil_id != pupil_id))

    def nameless(self) -> Room:
        """When all nicknames were forgotten; everybody stays who they are."""
        return replace(self, pupils=tuple(replace(one, nickname="") for one in self.pupils))

    def paused(self, is_paused: bool) -> Room:
        """On a break, or going on."""
        self._check_open()
        return replace(self, is_paused=is_paused)

    def closed(self) -> Room:
        """For good: its code opens nothing, and what its teacher said of its runs stays."""
        return replace(self, code="", is_paused=False)

    def recorded_as(self, session_id: str) -> Room:
        """Known by one more name in records."""
        return self if session_id in self.sessions else replace(self, sessions=self.sessions | {session_id})

    def shows(self, execution_id: str) -> bool:
        """Whether a run is shared with everybody in the room."""
        return execution_id in self.shared

    def with_shared(self, execution_id: str, is_shared: bool) -> Room:
        """When a run was shared, or is not any more. One that is hidden is shown again first."""
        if is_shared and execution_id in self.hidden:
            raise RoomRule("the run is hidden; show it again first", "room run hidden")
        return replace(self, shared=_with(self.shared, execution_id, is_shared))

    def with_hidden(self, execution_id: str, is_hidden: bool) -> Room:
        """When a run was hidden, which ends that it is shared; or is not hidden any more."""
        shared = _with(self.shared, execution_id, False) if is_hidden else self.shared
        return replace(self, shared=shared, hidden=_with(self.hidden, execution_id, is_hidden))

    def without_runs(self, execution_ids: frozenset[str]) -> Room:
        """When runs were erased: nothing says any more that they were here."""
        return replace(self, shared=self.shared - execution_ids, hidden=self.hidden - execution_ids)

    def _check_open(self) -> None:
        if not self.is_open:
            raise RoomRule("the room is closed; another one would work", "room closed")


def _with(runs: frozenset[str], execution_id: str, is_in: bool) -> frozenset[str]:
    return runs | {execution_id} if is_in else runs - {execution_id}
