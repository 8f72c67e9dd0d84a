"""The scopes of a run that is told of by `set_stage`, `set_loop_iteration` and its items, without scopes of its own.

A stage opens when it is entered and closes when another is; an output closes when the loop goes on. What was entered
and led to nothing has failed, and says so.
"""

from __future__ import annotations

import re
from typing import Any

from otel_tracking.errors import TrackingError
from otel_tracking.run import Execution
from otel_tracking.scope import Scope
from otel_tracking.scopes import CallingScope, Iteration, Output, Stage
from otel_tracking.taxonomy import BLOCKED_TYPES, OUTPUT_TYPES, ItemType
from otel_tracking.values.plain import plain_number

_CONCLUDING = frozenset(
    {
        *(ItemType.TRANSLATION_RESULT, ItemType.STAGE1_SAFETY_CHECK, ItemType.INTERCEPTION_FINAL),
        *(ItemType.STAGE3_SAFETY_CHECK, ItemType.OUTPUT_FAILED),
        *OUTPUT_TYPES,
        *BLOCKED_TYPES,
    }
)
"""The item types after which a stage has done its work."""

_FAILED_HOP = re.compile(r"\s*Loop iteration (\d{1,4}) failed")
"""An error's text that names a hop."""


class NothingLogged(TrackingError):
    """A stage was entered and nothing came of it."""


class OpenScopes:
    """Where in the pipeline a run is, and the scopes that are open there."""

    def __init__(self, run: Execution, *, checks_outputs: bool = True) -> None:
        self.run = run
        self.loop_iteration: Any = None
        self._checks_outputs = checks_outputs
        self._output: Output | None = None
        self._stage: Stage | None = None
        self._hop: Iteration | None = None
        self._hop_from_ns = 0
        self._is_concluded = self._has_outcome = False

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.run.ended

    @property
    def here(self) -> CallingScope:
        """The innermost scope that is open."""
        return self._hop or self._stage or self._output or self.run

    def enter_stage(self, stage: Any) -> None:
        """The pipeline says which stage it is in."""
        stage = plain_number(stage)
        if stage not in (1, 2, 3, 4):
            return self._close_output()
        if stage >= 3 and (self.loop_iteration is None or (stage == 3 and not self._checks_outputs)):
            return self._close_stage()  # which output, or whether anything is checked, its first item will tell
        self._open_stage(stage, self.loop_iteration if stage >= 3 else None)

    def enter_output(self, loop_iteration: Any) -> None:
        """The loop over the outputs goes on to another one, or ends with None."""
        loop_iteration = plain_number(loop_iteration)
        if loop_iteration != self.loop_iteration:
            self._close_output()
        self.loop_iteration = loop_iteration

    def enter_hop(self, number: Any) -> None:
        """A hop of stage 2 begins, or ends with None."""
        self._close_hop()
        if number is not None and self._stage and self._stage.place.stage == 2:
            self._hop = self._stage.iteration(number)

    def hop(self, number: Any) -> Scope:
        """The scope of a hop that has just ended; one that nobody announced began when the one before it ended."""
        if self.is_over:
            return self.run.at(2, plain_number(number))
        if self._hop is None or self._hop.place.stage_iteration != plain_number(number):
            self._close_hop()
            stage = self._open_stage(2, None)
            self._hop = stage.iteration(number, started_ns=self._hop_from_ns)
        return self._hop

    def scope(self, stage: int, loop_iteration: Any = None) -> Scope:
        """The scope of an item of that stage; scopes that lie elsewhere are closed first."""
        if self.is_over:
            return self.run.at(stage, None, plain_number(loop_iteration))
        if stage >= 3 and loop_iteration is not None:
            self.enter_output(loop_iteration)
        opened = self._open_stage(stage, self.loop_iteration if stage >= 3 else None)
        self._close_hop()
        return opened

    def note(self, item_type: str) -> None:
        """An item of that type was logged where the run is now."""
        self._is_concluded |= item_type in _CONCLUDING
        self._has_outcome |= item_type in OUTPUT_TYPES or item_type in BLOCKED_TYPES
        if item_type == ItemType.INTERCEPTION_ITERATION:
            self._close_hop()

    def end(self) -> None:
        """End the run as it stands."""
        self._close_output()
        self.run.end()

    def fail(self, error: BaseException, stage: Any) -> None:
        """End the run with an error that was told of in words, in the stage it names or else the one that is open."""
        open_stage = self._stage.place.stage if self._stage and not self._is_concluded else None
        where = plain_number(stage) or open_stage or 0
        named = _FAILED_HOP.match(str(error)) if where == 2 else None
        number = int(named[1]) if named else None
        # First: whoever sees an error first says where it was. An output's number belongs to its own item.
        self.run._run.note_failure(error, self.run.at(where, number))
        if open_stage is not None:
            if number is not None:
                self.hop(number)
            self._end_with(error)
        self._close_output(error)
        self.run.end(error)

    def fail_output(self, error: BaseException) -> None:
        """End the output that is under way with an error; the run goes on."""
        self._end_with(error)
        self._close_output(error)

    def stop(self, error: BaseException) -> None:
        """Somebody stopped the work: what was not done ends with the error."""
        if not self._is_concluded:
            self._end_with(error)
        self._close_output(error)

    def leave_stage(self) -> None:
        """The stage that is open has done its work, and nobody knows yet which comes next."""
        self._close_stage()

    def _open_stage(self, stage: int, loop_iteration: Any) -> Stage:
        if self._output and (stage < 3 or self._output.place.loop_iteration != loop_iteration):
            self._close_output()
        if self._stage and self._stage.place.stage != stage:
            self._close_stage()
        if self._output is None and stage >= 3 and loop_iteration is not None:
            self._close_stage()
            self._output, self._has_outcome = self.run.output(loop_iteration), False
        if self._stage is None:
            self._stage = (self._output or self.run).stage(stage)
            self._is_concluded = False
            self._hop_from_ns = self.run._run.now()
        return self._stage

    def _end_with(self, error: BaseException) -> None:
        for scope in (self._hop, self._stage):
            if scope:
                scope.end(error)
        self._hop = self._stage = None

    def _close_hop(self) -> None:
        if self._hop:
            self._hop.end()
            self._hop = None
            self._hop_from_ns = self.run._run.now()

    def _close_stage(self) -> None:
        self._close_hop()
        if self._stage:
            self._stage.end()
        self._stage = None

    def _close_output(self, error: BaseException | None = None) -> None:
        if self._output is None:
            return self._close_stage()
        if not self._has_outcome:
            number = self._output.place.loop_iteration
            error = error or NothingLogged(f"output {number} was begun, and neither made nor blocked")
            if self._stage and self._stage.place.stage == 4:
                self._end_with(error)
        self._close_stage()
        self._output.end(None if self._has_outcome else error)
        self._output = None
