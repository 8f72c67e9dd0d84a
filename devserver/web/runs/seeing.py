"""Which runs somebody may see, end and repeat: by whose they are and what checks said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devserver.web.asking.job import Job
from devserver.web.asking.runner import Runner
from devserver.web.visitors.pupils import Asker
from exporters.explorer.catalogue import IndexedRun
from exporters.explorer.wish import Sight
from exporters.storage.reading.execution_index import ExecutionRow
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionRecord
from otel_tracking.view import is_let_through

FoundRun = Job | str | ExecutionRow | IndexedRun
"""A run that has not ended, or one that is stored, by its id or as a list has it."""


@dataclass(frozen=True, slots=True)
class Seeing:
    """Answers it of any run. `row_of` gives a stored run by its id, `record_of` the record of a run so far."""

    runner: Runner
    row_of: Callable[[str], ExecutionRow | None]
    record_of: Callable[[Job | str], ExecutionRecord]

    def owns(self, found: Job | str, asker: Asker) -> bool:
        """Whether somebody asked for a run themselves."""
        kept = found if isinstance(found, Job) else self.runner.kept_of(found)
        return kept is not None and asker.has_asked_for(kept.ticket, kept.owner)

    def may_end(self, found: Job | str, asker: Asker) -> bool:
        """Whether a run is theirs to end."""
        return asker.is_admin or self.owns(found, asker)

    def may_repeat(self, found: Job | str, asker: Asker) -> bool:
        """Whether they may have a run made once more."""
        return asker.is_researcher or self.owns(found, asker)

    def may_see(self, found: FoundRun, asker: Asker) -> bool:
        """Whether somebody may know of a run: pupils know their own, and others' that no check has stopped."""
        if asker.is_researcher:
            return True
        if isinstance(found, Job):
            return self.owns(found, asker) or is_let_through(self.record_of(found))
        row = self.row_of(found) if isinstance(found, str) else found
        return row is not None and (row.status != Status.BLOCKED or self.owns(row.execution_id, asker))

    def sight(self, asker: Asker) -> Sight | None:
        """The same of all stored runs at once, for lists; None where everything may be seen.

        What this says and `may_see` does not is not shown: a list asks that, too, of each run on its page.
        """
        if asker.is_researcher:
            return None
        return Sight(not_of_status=Status.BLOCKED.value, but_these=self._own(asker))

    def _own(self, asker: Asker) -> frozenset[str]:
        by_ticket = self.runner.kept(asker.ticket) if asker.ticket else None
        kept = [*self.runner.kept_of_owner(asker.pupil), by_ticket]
        return frozenset(one.execution_id for one in kept if one and one.execution_id)
