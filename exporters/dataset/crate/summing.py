"""Tell many runs together: a stage of a configuration once, with how many runs went through it and by which engines.

A crate of a hundred thousand actions is opened by nothing; what each run did stands in the tables. So where there are
more than `MOST`, those of one configuration that came to the same end are told as one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exporters.dataset.crate.telling import DID_NOT_END, WENT_WRONG
from exporters.dataset.crate.told import RunsTold, RunTold, StageTold, Thing, Tool
from exporters.dataset.leaving import Bunch
from exporters.story.readable import visible_line
from otel_tracking.taxonomy import MARKER_TYPES, STAGE_NAMES

MOST = 30_000
"""Entities, which is one for each item and some four for each run: 10 MB, which programs for crates still open."""

_MOST_GROUPS = 500
"""Configurations are named by anybody. What is told must not grow with the runs: further ones are told together."""
_ROWS = Thing(number=0, name="rows of the table items", path="items.parquet")
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


class _Group(NamedTuple):
    config: str
    status: str


_OTHERS = _Group("other configurations", "")


@dataclass(slots=True)
class _Sum:
    """What is known of many: how many, when the first began and the last ended (µs since 1970), by which engines."""

    runs: int = 0
    start: int = 2**62
    end: int = -(2**62)
    tools: set[Tool] = field(default_factory=set)

    def add(self, runs: int, start: int, end: int) -> None:
        self.runs += runs
        self.start, self.end = min(self.start, start), max(self.end, end)


class Summing:
    """Adds up runs as they leave, bunch by bunch; a bunch has all rows of its runs."""

    def __init__(self) -> None:
        self._runs: dict[_Group, _Sum] = {}
        self._stages: dict[_Group, dict[tuple[int, bool], _Sum]] = {}

    def add(self, bunch: Bunch) -> None:
        """Count the runs of a bunch."""
        import duckdb

        with duckdb.connect() as connection:
            # What does not fit would go to the working directory, which may be anybody's.
            connection.execute("set threads = 1; set temp_directory = ''")
            connection.register("executions", bunch.executions)
            connection.register("items", bunch.items)
            runs, stages = (connection.execute(query).fetchall() for query in (_RUNS, _STAGES))
        for config, status, *found in runs:
            self._runs.setdefault(self._group(config, status), _Sum()).add(*found)
        for config, status, stage, has_failed, backends, *found in stages:
            of_group = self._stages.setdefault(self._group(config, status), {})
            total = of_group.setdefault((stage, has_failed), _Sum())
            total.add(*found)
            _add_tools(total.tools, backends)

    def told(self) -> RunsTold:
        """The runs of a configuration and outcome as one, in the order of their names."""
        return RunsTold([self._run(group, total) for group, total in sorted(self._runs.items())], is_whole=False)

    def _group(self, config: str | None, status: str | None) -> _Group:
        group = _Group(visible_line(config or ""), visible_line(status or ""))
        return group if group in self._runs or len(self._runs) < _MOST_GROUPS else _OTHERS

    def _run(self, group: _Group, total: _Sum) -> RunTold:
        stages = sorted(self._stages.get(group, {}).items())
        has_ended = group.status not in DID_NOT_END
        return RunTold(
            name=f"{group.config}, {group.status}",
            config=group.config,
            stages=tuple(_stage(stage, has_failed, of_stage) for (stage, has_failed), of_stage in stages),
            start=_moment(total.start),
            end=_moment(total.end),
            error="" if has_ended else f"these runs ended: {group.status}",
            runs=total.runs,
        )


def _stage(stage: int, has_failed: bool, total: _Sum) -> StageTold:
    return StageTold(
        stage=stage,
        tools=tuple(sorted(total.tools)),
        start=_moment(total.start),
        end=_moment(total.end),
        used=(_ROWS,),
        made=(_ROWS,),
        error="something was blocked, or failed, here" if has_failed else "",
        runs=total.runs,
    )


def _add_tools(tools: set[Tool], found: Sequence[Mapping[str, str | None]]) -> None:
    for one in found:
        if one["backend"] and len(tools) < _MOST_GROUPS:
            tools.add(Tool(visible_line(one["backend"]), visible_line(one["model"] or "")))


def _moment(microseconds: int) -> dt.datetime:
    return _EPOCH + dt.timedelta(microseconds=microseconds)


def _listed(types: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(types))


_RUNS = """
    select config_name, status, count(*), min(epoch_us(timestamp)),
           max(epoch_us(timestamp) + cast(least(greatest(coalesce(total_execution_time, 0), 0), 86400) * 1e6 as bigint))
    from executions group by all
"""
_STAGES = f"""
    with stages as (
        select execution_id, trace_id, stage, bool_or(item_type in ({_listed(WENT_WRONG)})) as has_failed,
               list(distinct {{'backend': backend_used, 'model': model_used}}) as tools,
               min(epoch_us(timestamp)) as first, max(epoch_us(timestamp)) as last
        from items where stage between {min(STAGE_NAMES)} and {max(STAGE_NAMES)}
            and item_type not in ({_listed(MARKER_TYPES)})
        group by all
    )
    select config_name, status, stage, has_failed, list_sort(list_distinct(flatten(list(tools)))), count(*),
           min(first), max(last)
    from stages s join executions e
      on e.execution_id = s.execution_id and e.trace_id is not distinct from s.trace_id
    group by all
"""
