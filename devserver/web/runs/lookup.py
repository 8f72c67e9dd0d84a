"""Everything there is to know of runs: waiting, under way, and stored."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from collectors.building.live import RunSoFar
from collectors.recording import FreshEvent
from devserver.web.asking.job import Job
from devserver.web.asking.runner import Runner
from devserver.web.asking.tickets import LOST, Kept
from devserver.web.rooms.book import RoomBook
from devserver.web.runs.seeing import Seeing
from devserver.web.visitors.pupils import Asker
from devserver.wiring import Devserver
from exporters import find_execution, read_records
from exporters.erasure import pending
from exporters.errors import AmbiguousExecution, UnknownExecution
from exporters.explorer.catalogue import Catalogue, IndexedRun
from exporters.explorer.index_file import path_in
from exporters.explorer.keeper import IndexKeeper
from exporters.remarks.book import RemarkBook
from exporters.remarks.store import RemarkStore, readable_remarks
from exporters.storage.layout import stored_days
from exporters.storage.reading.damage import Damage, Damages
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow
from exporters.storage.reading.finding import SHORTEST_PREFIX, is_meant
from exporters.storage.reading.remembered import Remembered
from exporters.storage.reading.selection import Selection, Wanted
from exporters.storage.writing.media import media_name, read_stored
from otel_tracking.erasure import RunId
from otel_tracking.record import ExecutionRecord

FLUSH_SECONDS = 10.0
SETTLE_SECONDS = 2.0


_NOBODY = "no run is called {0!r:.80}"


class RunLost(Exception):
    """A run that was promised and has no record; `state` says how it ended."""

    def __init__(self, sentence: str, state: str) -> None:
        super().__init__(sentence)
        self.state = state


class Runs:
    """Finds runs by whatever they are called, and answers from memory or from the dataset."""

    def __init__(self, devserver: Devserver, runner: Runner, rooms: RoomBook) -> None:
        self.runner, self.rooms = runner, rooms
        self.configs = devserver.configs
        self._devserver = devserver
        self.data_dir = devserver.settings.data_dir
        self._live = devserver.recording.live
        self._remarks = RemarkStore(self.data_dir)
        self._index, self._lock = ExecutionIndex(self.data_dir), threading.Lock()
        self.catalogue, self._keeper = Catalogue(self.data_dir), IndexKeeper(self.data_dir)
        self._records = Remembered(self._read)
        self.seeing = Seeing(runner, rooms, self._row, self.record_of)

    def find(self, name: str, asker: Asker) -> Job | str:
        """The job that has not ended, or else the execution id, that a ticket, id or trace id means.

        Raises `UnknownExecution` or `AmbiguousExecution`, and `RunLost` for a run that was promised and died with its
        server. What somebody may not see is told from what is not there by nothing.
        """
        found = self._asked_for_here(name, asker)
        if found is None:
            found = find_execution(self.data_dir, name) if asker.is_researcher else self._find_seen(name, asker)
        if self._is_being_erased(found) or not self.seeing.may_see(found, asker):
            raise UnknownExecution(_NOBODY.format(name))
        return found

    def record(self, execution_id: str) -> ExecutionRecord:
        """The stored record of an execution id. Raises `UnknownExecution`, or `BrokenFile`."""
        return self._records.get(execution_id, self.row(execution_id).rank)

    def record_of(self, found: Job | str) -> ExecutionRecord:
        """The stored record of a run, or that of what there is so far."""
        return self.record(found) if isinstance(found, str) else self.so_far(found).record()

    def so_far(self, job: Job) -> RunSoFar:
        """What the live feed has of a run, without waiting for more."""
        run = RunSoFar(job.trace_id or "")
        with contextlib.suppress(TimeoutError, LookupError):
            for event in self._live.follow(job.trace_id or "", timeout=0):
                run.tell(event)
        return run

    def follow(self, trace_id: str, after: int, timeout: float) -> Iterator[list[FreshEvent]]:
        """The live feed's events of a run, with its progress; `LookupError` and `TimeoutError` as there."""
        return self._live.follow_together(trace_id, after=after, timeout=timeout, progress=True)

    def media(self, found: Job | str, name: str) -> tuple[bytes, str] | None:
        """The bytes and type of a run's medium, by its sha256 or file name; None where the run has no such medium."""
        if isinstance(found, Job):
            items = self.so_far(found).record().items
            item = next((item for item in items if item.media and item.media.sha256 == name), None)
            content = self._live.media(found.trace_id or "", name)
            return (content, (item.media and item.media.type) or "") if item and content is not None else None
        return self._stored_media(self.record(found), name)

    def row(self, execution_id: str) -> ExecutionRow:
        """What a list knows of a stored run, also of one whose items cannot be read. Raises `UnknownExecution`."""
        row = self._row(execution_id)
        if row is None:
            raise UnknownExecution(f"no execution called {execution_id} is stored")
        return row

    def rows(self, selection: Selection) -> list[ExecutionRow]:
        """Stored runs, latest first."""
        with self._lock:
            return list(self._rows(selection))

    def damaged(self) -> list[Damage]:
        """What of the store the list of runs could not read, as far as it has looked; what was said of runs, too."""
        damages = Damages()
        readable_remarks(self._remarks, damages)
        if self._keeper.trouble:
            damages(Damage(path_in(self.data_dir), f"the index of runs is not up to date: {self._keeper.trouble}"))
        return [*self.catalogue.damages(), *damages]

    def caught_up(self) -> bool:
        """Whether the catalogue has what is stored by now; where that takes too long it goes on beside this."""
        return self._keeper.caught_up(SETTLE_SECONDS)

    def going(self) -> frozenset[RunId]:
        """Runs that are being erased: from when that is decided, nobody is shown them any more."""
        intent = pending(self.data_dir)
        return intent.runs if intent else frozenset()

    def remarks(self) -> RemarkBook:
        """What researchers said of runs, as it is now; nothing where that cannot be read, and `damaged` says so."""
        return readable_remarks(self._remarks, Damages())

    def under_way(self) -> list[Job]:
        """Runs that are not stored yet: under way or waiting, latest first."""
        return list(reversed(self.runner.jobs()))

    def settle(self) -> None:
        """Wait until runs that have ended are stored; where that takes too long or fails, go on with those that are."""
        self._devserver.recording.settle(SETTLE_SECONDS)

    def flush(self) -> None:
        """The same for who must not overlook one: the wait is longer, and also for a sink that fails."""
        self._devserver.recording.flush(FLUSH_SECONDS)

    def _asked_for_here(self, name: str, asker: Asker) -> Job | str | None:
        """What was asked for of this server, or of the one before it, by its ticket, id or trace id."""
        job = self.runner.find(name)
        if job and not job.done.is_set():
            return job
        if job and job.execution_id:
            if not self._is_stored(job.execution_id):
                raise UnknownExecution(_NOBODY.format(name))  # it was erased meanwhile
            return job.execution_id
        if job:
            raise UnknownExecution(f"the run {name} could not be started: {type(job.error).__name__}")
        kept = self.runner.kept(name) or self._kept_of_lost(name, asker)
        if kept is None:
            return None
        if kept.state == LOST:
            # What its server's flight recorder had of it is a record in a moment.
            self._devserver.recording.wait_until_recovered(FLUSH_SECONDS)
        if kept.execution_id and self._row(kept.execution_id):
            return kept.execution_id
        raise RunLost(f"the run {name} ended as {kept.state}: {kept.reason or 'nothing of it is stored'}", kept.state)

    def _kept_of_lost(self, execution_id: str, asker: Asker) -> Kept | None:
        """The ticket of a run that died with its server, for whoever may end it; of others nothing is said."""
        kept = self.runner.kept_of(execution_id)
        return kept if kept and kept.state == LOST and asker.has_asked_for(kept.ticket, kept.owner) else None

    def _find_seen(self, name: str, asker: Asker) -> str:
        """The one run among those that somebody may see that is meant; nothing is said of others."""
        if len(name) >= SHORTEST_PREFIX:
            found = {row.execution_id for row in self._meant(name) if self.seeing.may_see(row, asker)}
            if name in found or len(found) == 1:
                return name if name in found else found.pop()
            if found:
                raise AmbiguousExecution(f"{name!r:.80} may be any of several runs; a whole id would work")
        raise UnknownExecution(_NOBODY.format(name))

    def _meant(self, name: str) -> list[IndexedRun] | list[ExecutionRow]:
        """The runs that a text may mean; from the tables themselves as long as the catalogue lacks some."""
        if self.caught_up():
            going = self.going()
            return [row for row in self.catalogue.meant(name) if row.run not in going]
        return [row for row in self.rows({}) if is_meant(row, name)]

    def _is_stored(self, execution_id: str) -> bool:
        """Whether a run that has ended is in the dataset; waits for it where it is on its way."""
        if self._row(execution_id) is None:
            self.settle()
            return self._row(execution_id) is not None
        return True

    def _row(self, execution_id: str) -> ExecutionRow | None:
        return next(self._rows({"execution_id": execution_id}), None)

    def _rows(self, selection: Selection) -> Iterator[ExecutionRow]:
        wanted = Wanted(selection)
        execution_id = selection.get("execution_id")
        index = ExecutionIndex(self.data_dir, execution_id) if execution_id else self._index
        likely, days = wanted.likely_day(), wanted.days(stored_days(self.data_dir))
        going = self.going()
        for day in [likely] if likely in days and likely else days:
            rows = filter(wanted.accepts, index.rows(day))
            yield from (row for row in rows if RunId(row.execution_id, row.trace_id) not in going)

    def _is_being_erased(self, found: Job | str) -> bool:
        return isinstance(found, str) and any(run.execution_id == found for run in self.going())

    def _read(self, execution_id: str, rank: tuple[int, int]) -> ExecutionRecord:
        record = next(read_records(self.data_dir, execution_id=execution_id), None)
        if record is None:
            raise UnknownExecution(f"{execution_id} was erased a moment ago")
        return record

    def _stored_media(self, record: ExecutionRecord, name: str) -> tuple[bytes, str] | None:
        for item in record.items:
            sha256 = item.media.sha256 if item.media else None
            if name and name in (sha256, media_name(item.file_path)):
                content = read_stored(self.data_dir, item.file_path, sha256)
                return None if content is None else (content, (item.media and item.media.type) or "")
        return None
