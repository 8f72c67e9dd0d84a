"""Which runs somebody may see, end and repeat: by whose they are, in which room, and what checks said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devserver.web.asking.job import Job
from devserver.web.asking.runner import Runner
from devserver.web.rooms.book import RoomBook, UnknownRoom
from devserver.web.rooms.room import Room
from devserver.web.visitors.pupils import Asker
from exporters.explorer.catalogue import IndexedRun
from exporters.explorer.wish import Sight
from exporters.storage.reading.execution_index import ExecutionRow
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionRecord
from otel_tracking.view import is_let_through

StoredRun = ExecutionRow | IndexedRun


@dataclass(frozen=True, slots=True)
class Seeing:
    """Answers it of any run. `row_of` gives a stored run by its id, `record_of` the record of a run so far."""

    runner: Runner
    rooms: RoomBook
    row_of: Callable[[str], ExecutionRow | None]
    record_of: Callable[[Job | str], ExecutionRecord]

    def owns(self, found: Job | str, asker: Asker) -> bool:
        """Whether somebody asked for a run themselves."""
        kept = found if isinstance(found, Job) else self.runner.kept_of(found)
        return kept is not None and asker.has_asked_for(kept.ticket, kept.owner)

    def may_end(self, found: Job | str, asker: Asker) -> bool:
        """Whether a run is theirs to end: their own, or one of a room that they hold."""
        is_held = asker.holds_rooms and self.room_of(found) is not None
        return asker.is_admin or is_held or self.owns(found, asker)

    def may_repeat(self, found: Job | str, asker: Asker) -> bool:
        """Whether they may have a run made once more."""
        return asker.is_researcher or self.owns(found, asker)

    def may_see(self, found: Job | str | StoredRun, asker: Asker) -> bool:
        """Whether somebody may know of a run.

        One that was hidden, researchers alone. Else everybody their own, teachers those of rooms, who is in a room what
        was shared there; others what was made outside of rooms and no check has stopped.
        """
        if asker.is_researcher:
            return True
        run = self.row_of(found) if isinstance(found, str) else found
        if run is None or run.execution_id in self.rooms.hidden:
            return False
        room = self._room_of_run(run)
        if room and asker.holds_rooms:
            return True
        if room or asker.room:
            is_shared = bool(room and room.room_id == asker.room and room.shows(run.execution_id or ""))
            return is_shared or self._is_own(run, asker)
        return self._is_let_through(run) or self._is_own(run, asker)

    def may_still_see(self, found: Job | str, asker: Asker) -> bool:
        """Whether a run that somebody follows was not taken away from them; quicker to answer than `may_see`."""
        if asker.is_researcher or not isinstance(found, Job):
            return True
        if found.execution_id in self.rooms.hidden:
            return False
        room = self._room_of_run(found)
        if room is None or asker.holds_rooms:
            return True
        is_here = asker.room == room.room_id and room.pupil(asker.pupil) is not None
        return is_here and (room.shows(found.execution_id or "") or self._is_own(found, asker))

    def room_of(self, found: Job | str) -> Room | None:
        """The room that a run was asked for in."""
        run = self.row_of(found) if isinstance(found, str) else found
        return self._room_of_run(run) if run else None

    def sight(self, asker: Asker) -> Sight | None:
        """The same of all stored runs at once, for lists; None where everything may be seen.

        What this says and `may_see` does not is not shown: a list asks that, too, of each run on its page.
        """
        if asker.is_researcher:
            return None
        if asker.room:
            theirs = self._own(asker) | self._shared_in(asker.room)
            return Sight(but_these=theirs, never=self.rooms.hidden)
        return Sight(
            not_of_status=Status.BLOCKED.value,
            of_sessions=self.rooms.sessions() if asker.holds_rooms else frozenset(),
            not_of_sessions=frozenset() if asker.holds_rooms else self.rooms.sessions(),
            but_these=self._own(asker),
            never=self.rooms.hidden,
        )

    def _room_of_run(self, run: Job | StoredRun) -> Room | None:
        return self.rooms.of_session(run.request.session_id if isinstance(run, Job) else run.session_id)

    def _is_own(self, run: Job | StoredRun, asker: Asker) -> bool:
        return self.owns(run if isinstance(run, Job) else run.execution_id, asker)

    def _is_let_through(self, run: Job | StoredRun) -> bool:
        return is_let_through(self.record_of(run)) if isinstance(run, Job) else run.status != Status.BLOCKED

    def _shared_in(self, room_id: str) -> frozenset[str]:
        try:
            return self.rooms.find(room_id).shared
        except UnknownRoom:
            return frozenset()

    def _own(self, asker: Asker) -> frozenset[str]:
        by_ticket = self.runner.kept(asker.ticket) if asker.ticket else None
        kept = [*self.runner.kept_of_owner(asker.pupil), by_ticket]
        return frozenset(one.execution_id for one in kept if one and one.execution_id)
