"""All remarks of a data directory: a code book of variables, and what was said of each run. A change makes another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exporters.errors import WrongVariable, listed, suggest
from exporters.remarks.remarks import Remark, RemarkChange, Remarks, RunMark, Speaker
from exporters.remarks.variables import Value, Variable, read_value, written
from otel_tracking.erasure import RunId

NOTHING = Remarks()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkBook:
    """What is known at one moment. `variables` are in the order in which they were made."""

    variables: tuple[Variable, ...] = ()
    runs: Mapping[RunId, Remarks] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.variables or self.runs)

    def of(self, run: Any) -> Remarks:
        """What was said of a run; a record, or a row of a list."""
        return self.runs.get(RunId(run.execution_id, run.trace_id), NOTHING)

    def mark_of(self, run: Any) -> RunMark | None:
        """Why a run does not leave in a selection; None where it does."""
        return self.of(run).mark

    def variable(self, name: str) -> Variable:
        """The variable of that name. Raises `WrongVariable` where there is none."""
        found = next((one for one in self.variables if one.name == name), None)
        if found is None:
            names = [one.name for one in self.variables]
            there = f"There are: {listed(names)}" if names else "otel-tracking annotate --codebook --add makes one"
            raise WrongVariable(f"no variable is called {name!r:.60}.{suggest(name, names)} {there}")
        return found

    def with_changes(self, changes: Mapping[RunId, RemarkChange], speaker: Speaker) -> RemarkBook:
        """The book once that was said of these runs.

        Raises `ValueError` for a note that no table can hold, and `WrongVariable` for a value that is none of its
        variable: somebody may have changed that meanwhile.
        """
        for name, value in {(name, value) for change in changes.values() for name, value in change.values.items()}:
            _check_value(self.variable(name), value)
        changed = {run: self.of(run).changed(change, speaker) for run, change in changes.items()}
        return replace(self, runs=_in_order({**self.runs, **changed}))

    def without(self, runs: Collection[RunId]) -> RemarkBook:
        """The book without what was said of these runs."""
        return replace(self, runs={run: said for run, said in self.runs.items() if run not in runs})

    def with_variable(self, variable: Variable) -> RemarkBook:
        """The book with that variable, in the place of one of its name.

        Raises `WrongVariable` where values that there are would be none of it, or its name differs in capitals alone.
        """
        others = {one.name.casefold(): one.name for one in self.variables if one.name != variable.name}
        if other := others.get(variable.name.casefold()):
            raise WrongVariable(f"{variable.name} is called {other} already; another name would work")
        if variable.name not in {one.name for one in self.variables}:
            return replace(self, variables=(*self.variables, variable))
        variables = tuple(variable if one.name == variable.name else one for one in self.variables)
        return replace(self, variables=variables, runs=self._with_values_of(variable))

    def without_variable(self, name: str) -> RemarkBook:
        """The book without a variable and its values. Raises `WrongVariable` where there is none."""
        gone = self.variable(name)
        runs = {run: replace(said, values=_without(said.values, name)) for run, said in self.runs.items()}
        return replace(self, variables=tuple(one for one in self.variables if one != gone), runs=_in_order(runs))

    def runs_with(self, name: str) -> int:
        """How many runs have a value of a variable."""
        return sum(name in said.values for said in self.runs.values())

    def _with_values_of(self, variable: Variable) -> dict[RunId, Remarks]:
        """The runs, with their values of a variable as it is now."""
        runs, wrong = dict(self.runs), []
        for run, said in self.runs.items():
            if (before := said.values.get(variable.name)) is None:
                continue
            try:
                now: Value = read_value(variable, written(before.what))
            except ValueError:
                wrong.append(written(before.what))
                continue
            runs[run] = replace(said, values={**said.values, variable.name: before._replace(what=now)})
        if wrong:
            values = listed([f"{value!r:.40}" for value in sorted(set(wrong))], limit=5)
            count = "1 value" if len(wrong) == 1 else f"{len(wrong):,} values"
            help = "change them first, or make another variable"
            raise WrongVariable(f"{variable.name} has {count} that would not fit ({values}); {help}")
        return runs


def _check_value(variable: Variable, value: Value | None) -> None:
    try:
        fits = value is None or read_value(variable, written(value)) == value
    except ValueError:
        fits = False
    if not fits:
        raise WrongVariable(
            f"{variable.name} was changed meanwhile, and {value!r:.40} is none of its values; look again"
        )


def _in_order(runs: Mapping[RunId, Remarks]) -> dict[RunId, Remarks]:
    """Runs of which something was said, in the order of their ids."""
    kept: Iterable[tuple[RunId, Remarks]] = ((run, said) for run, said in runs.items() if said)
    return dict(sorted(kept, key=lambda one: (one[0].execution_id, one[0].trace_id or "")))


def _without(values: Mapping[str, Remark], name: str) -> dict[str, Remark]:
    return {one: said for one, said in values.items() if one != name}
