"""Say which executions are wanted, and which days can have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, TypedDict

from exporters.storage.layout import day_of_id, days_near
from otel_tracking.record import read_timestamp

Moment = dt.datetime | str


class Selection(TypedDict, total=False):
    """What may be asked of executions; everything that is given must hold.

    `since` is included, `until` is not; both are datetimes or ISO text, UTC where they have no zone.
    `date` is the UTC day of the timestamp. The others are the record's fields and must be equal.
    """

    execution_id: str | None
    trace_id: str | None
    config_name: str | None
    user_id: str | None
    session_id: str | None
    device_id: str | None
    study_id: str | None
    batch_id: str | None
    execution_mode: str | None
    safety_level: str | None
    status: str | None
    since: Moment | None
    until: Moment | None
    date: dt.date | str | None


class Wanted:
    """A selection that was read once: which days it concerns and which executions it accepts."""

    def __init__(self, selection: Selection) -> None:
        given: dict[str, Any] = {name: value for name, value in selection.items() if value is not None}
        since, until, date = (given.pop(name, None) for name in ("since", "until", "date"))
        self._equal = given
        self._since = read_timestamp(since) if since is not None else None
        self._until = read_timestamp(until) if until is not None else None
        self._date = dt.date.fromisoformat(date) if isinstance(date, str) else date

    def accepts(self, execution: Any) -> bool:
        """Whether an execution (anything with the fields of a record) is wanted."""
        moment = execution.timestamp
        return (
            all(getattr(execution, name) == value for name, value in self._equal.items())
            and (self._since is None or moment >= self._since)
            and (self._until is None or moment < self._until)
            and (self._date is None or moment.astimezone(dt.UTC).date() == self._date)
        )

    def days(self, stored: Iterable[dt.date]) -> list[dt.date]:
        """The days among `stored` that may have what is wanted: a run is stored within a day of its timestamp."""
        first, last = self._first_and_last()
        return [day for day in stored if (first is None or day >= first) and (last is None or day <= last)]

    def _first_and_last(self) -> tuple[dt.date | None, dt.date | None]:
        days = [moment.date() for moment in (self._since, self._until) if moment]
        if self._date:
            return days_near(self._date)[0], days_near(self._date)[-1]
        first = days_near(days[0])[0] if self._since else None
        last = days_near(days[-1])[-1] if self._until else None
        return first, last

    def likely_day(self) -> dt.date | None:
        """The day that the wanted execution_id names."""
        return day_of_id(self._equal.get("execution_id", ""))
