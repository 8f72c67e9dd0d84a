"""Say which runs have been kept longer than their study promised."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.privacy.exports_ledger import run_ids
from exporters.privacy.studies import StudyFacts, studies
from exporters.storage.reading.damage import Damages, OnDamage
from exporters.storage.reading.records import each_execution
from otel_tracking.erasure import IsMeant, RunId


@dataclass(frozen=True, slots=True)
class StudyRetention:
    """A study that keeps its runs for a while: those from before `before` are over."""

    study: str
    days: int
    before: dt.datetime
    runs: tuple[RunId, ...]

    def is_over(self, run: Any) -> bool:
        """Whether a run, a record or a row, is past its time."""
        return bool(run.study_id == self.study and run.timestamp < self.before)

    def to_dict(self) -> dict[str, Any]:
        """By name, as JSON knows it."""
        runs = [run.execution_id for run in self.runs]
        return {"study": self.study, "days": self.days, "before": self.before.isoformat(), "runs": runs}


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is past its time in a data directory: one entry for each study with a retention."""

    studies: tuple[StudyRetention, ...]

    @property
    def runs(self) -> int:
        """How many runs that are."""
        return sum(len(entry.runs) for entry in self.studies)

    @property
    def is_meant(self) -> IsMeant:
        """Whether a run is one of them: what an erasure asks, also of runs that are stored nowhere yet."""
        return lambda run: any(entry.is_over(run) for entry in self.studies)

    def to_dict(self) -> dict[str, Any]:
        """By name, as JSON knows it."""
        return {"studies": [entry.to_dict() for entry in self.studies], "runs": self.runs}


def overdue(data_dir: str | Path, now: dt.datetime | None = None, *, on_damage: OnDamage | None = None) -> Overdue:
    """The runs whose timestamp is more than their study's `retention_days` ago; no key is needed.

    Without `on_damage`, a file that cannot be read is a `BrokenFile`.

    >>> overdue("/nowhere").runs
    0
    """
    moment, damages = now or dt.datetime.now(dt.UTC), Damages()
    tell = damages if on_damage is None else on_damage
    found = tuple(
        _of_study(data_dir, facts, facts.retention_days, moment, tell)
        for facts in studies(data_dir)
        if facts.retention_days is not None
    )
    damages.refuse()
    return Overdue(found)


def _of_study(data_dir: str | Path, facts: StudyFacts, days: int, now: dt.datetime, tell: OnDamage) -> StudyRetention:
    before = now - dt.timedelta(days=days)
    rows = each_execution(data_dir, on_damage=tell, study_id=facts.name, until=before)
    return StudyRetention(facts.name, days, before, run_ids(rows))
