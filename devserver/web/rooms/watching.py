"""All runs of a room as its board shows them now; what has not changed is not looked at again."""

from __future__ import annotations

import contextlib
import datetime as dt
from itertools import chain

from collectors.building.live import RunSoFar
from collectors.recording import PROGRESS
from devserver.web.asking.job import Job
from devserver.web.rooms.cards import CardHead, RoomCard, card_of, waiting_card
from devserver.web.rooms.room import Room
from devserver.web.runs.lookup import Runs
from exporters.errors import StorageError
from exporters.explorer.wish import RunWish
from exporters.storage.reading.selection import Selection

MOST_CARDS = 60
"""Stored runs on a board; those before are in the list."""


class RoomWatch:
    """What one watcher of a room is shown, in a language. Not for several threads at once."""

    def __init__(self, runs: Runs, room_id: str, language: str) -> None:
        self._runs, self._room_id, self._language = runs, room_id, language
        self._under_way: dict[str, tuple[RunSoFar, RoomCard]] = {}
        self._stored: list[RoomCard] = []
        self._owners: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._drawn: dict[tuple[str, bool, bool, str], RoomCard] = {}
        self._seen: object = None
        self.older = 0

    @property
    def room(self) -> Room:
        """The room as it is now. Raises `UnknownRoom`."""
        return self._runs.rooms.find(self._room_id)

    def cards(self) -> list[RoomCard]:
        """The cards, the latest first."""
        room = self.room
        # A run may have come and gone since somebody looked last.
        now = (room, self._runs.runner.ended, self._runs.going())
        jobs = [job for job in self._runs.runner.jobs() if self._is_here(job, room)]
        if now != self._seen:
            # What is stored changes when a run ends, is erased, or the teacher says something of it.
            self._stored, self._seen = self._stored_cards(room, jobs), now
            self._under_way.clear()
        cards = [*(self._card_of_job(job, room) for job in jobs), *self._stored]
        return sorted(cards, key=lambda card: card.order, reverse=True)

    def counts(self) -> tuple[int, int]:
        """How many runs are under way and wait."""
        jobs = [job for job in self._runs.runner.jobs() if self._is_here(job, self.room)]
        waiting = sum(not job.started.is_set() for job in jobs)
        return len(jobs) - waiting, waiting

    def _is_here(self, job: Job, room: Room) -> bool:
        return job.request.session_id in room.sessions

    def _card_of_job(self, job: Job, room: Room) -> RoomCard:
        head = CardHead(
            key=job.ticket,
            name=job.name,
            execution_id=job.execution_id or "",
            nickname=room.nickname_of(job.owner),
            moment=_moment(job.moment),
        )
        if not job.trace_id:
            return waiting_card(head, job.request.config_name, self._runs.runner.position(job), self._language)
        run, card = self._under_way.get(job.ticket) or (RunSoFar(job.trace_id), None)
        if self._tell(run, job.trace_id) or card is None:
            card = card_of(run.record(), head, room, self._language)
            self._under_way[job.ticket] = (run, card)
        return card

    def _tell(self, run: RunSoFar, trace_id: str) -> bool:
        """Whether something has happened in a run since it was looked at."""
        before = run.seen
        with contextlib.suppress(TimeoutError, LookupError):
            for event in chain.from_iterable(self._runs.follow(trace_id, run.seen, timeout=0)):
                if event.kind != PROGRESS:
                    run.tell(event.read())
        return run.seen != before

    def _stored_cards(self, room: Room, jobs: list[Job]) -> list[RoomCard]:
        self._runs.settle()
        self._runs.caught_up()
        going = {run.execution_id for run in self._runs.going()}
        without = going | {job.execution_id for job in jobs if job.execution_id}
        found: list[str] = []
        for session in room.sessions:
            wish = RunWish(selection=Selection(session_id=session), without=without)
            page = self._runs.catalogue.page(wish, limit=MOST_CARDS)
            found += [run.listed["execution_id"] for run in page.runs]
            self.older = max(0, page.total - MOST_CARDS)
        return [card for name in found if (card := self._stored_card(name, room))]

    def _stored_card(self, execution_id: str, room: Room) -> RoomCard | None:
        """The card of a stored run, drawn once for each thing that is said of it; None where it cannot be read."""
        owner = self._owner_of(execution_id)
        said = (execution_id, room.shows(execution_id), execution_id in room.hidden, room.nickname_of(owner))
        if said not in self._drawn:
            try:
                record = self._runs.record(execution_id)
            except (StorageError, OSError):
                return None
            head = CardHead(
                key=self._keys[execution_id],
                name=execution_id,
                execution_id=execution_id,
                nickname=room.nickname_of(owner),
                moment=_moment(record.timestamp),
            )
            self._drawn[said] = card_of(record, head, room, self._language)
        return self._drawn[said]

    def _owner_of(self, execution_id: str) -> str:
        """Whose a stored run is, by its ticket; nobody's where that was long ago."""
        if execution_id not in self._owners:
            kept = self._runs.runner.kept_of(execution_id)
            self._owners[execution_id] = kept.owner if kept else ""
            self._keys[execution_id] = kept.ticket if kept else execution_id
        return self._owners[execution_id]


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")
