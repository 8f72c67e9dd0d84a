"""How a run of an earlier server begins, moves and ends: the half of its tracker that is not about single items.

Nothing here raises, waits, or touches a disk. `log_pipeline_complete` and `log_pipeline_error` end the run, `finalize`
ends one that neither did; what is logged later is kept as late.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from otel_tracking import tracker as tracking
from otel_tracking.errors import TrackingError
from otel_tracking.migration import corrections
from otel_tracking.migration.home import home, nowhere
from otel_tracking.migration.journey import OpenScopes
from otel_tracking.migration.records import ExecutionRecord, items_of, record_so_far
from otel_tracking.record import ExecutionItem, FinishReason, timestamp_of
from otel_tracking.scope import Scope
from otel_tracking.scopes import CallingScope
from otel_tracking.span_event import Frame
from otel_tracking.taxonomy import ItemType
from otel_tracking.values.media_in_texts import Medium
from otel_tracking.values.plain import describe_error, text

TOLD = "told"
"""Name of the fact that keeps what the pipeline said of itself where the record says what was seen."""

_HEAD = ("config_name", "execution_mode", "safety_level", "user_id", "session_id")

P = ParamSpec("P")
T = TypeVar("T", bound="Lifecycle")


def guarded(method: Callable[Concatenate[T, P], None]) -> Callable[Concatenate[T, P], None]:
    """The method, with its trouble counted instead of raised; one thread at a time."""

    @functools.wraps(method)
    def call(self: T, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with self._lock:
                method(self, *args, **kwargs)
        except Exception as trouble:
            self._troubles.report(f"migration {method.__name__}", trouble)

    return call


def begun_anyway(init: Callable[Concatenate[T, P], None]) -> Callable[Concatenate[T, P], None]:
    """The beginning of a run, with its trouble counted instead of raised: then the run goes on and is not recorded."""

    @functools.wraps(init)
    def begin(self: T, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            init(self, *args, **kwargs)
        except Exception as trouble:
            given = {**dict(zip(_HEAD, args, strict=False)), **kwargs}
            self._begin(nowhere(trouble), "not recorded", "", "")
            for name in _HEAD:
                setattr(self, name, given.get(name))
            self._head = self._head_now()

    return begin


class Lifecycle:
    """One run of an earlier server's pipeline, from its request to its end."""

    @begun_anyway
    def __init__(
        self,
        config_name: str,
        execution_mode: str,
        safety_level: str,
        user_id: str = "anonymous",
        session_id: str = "default",
    ) -> None:
        self._begin(home().tracker, config_name, execution_mode, safety_level, user_id, session_id)

    def _begin(
        self,
        begun_with: tracking.ExecutionTracker,
        config_name: str,
        execution_mode: str,
        safety_level: str,
        user_id: str = "anonymous",
        session_id: str = "default",
    ) -> None:
        checks_outputs = bool(safety_level != "off")
        self.config_name, self.execution_mode, self.safety_level = config_name, execution_mode, safety_level
        self.user_id, self.session_id = user_id, session_id
        self.current_stage = 0
        self.current_stage_iteration: int | None = None
        self.current_loop_iteration: int | None = None
        self.start_time = time.time()
        self.finalized = False
        self._lock = threading.RLock()
        self._frames: list[Frame] = []
        self._input: str | None = None
        self._head = self._head_now()
        tracker = begun_with.heard_by(self._frames.append)
        self._troubles = tracker.troubles
        self._run = tracker.execution(**self._head)
        self._journey = OpenScopes(self._run, checks_outputs=checks_outputs)
        self.execution_id = self._run.execution_id

    @guarded
    def set_stage(self, stage: int) -> None:
        """The pipeline enters that stage."""
        self.current_stage = stage
        if not self._journey.is_over:
            self._log_input_of_later_stages(stage)
            self._journey.enter_stage(stage)

    @guarded
    def set_stage_iteration(self, iteration: int | None) -> None:
        """Stage 2 begins that hop; None after the last."""
        self.current_stage_iteration = iteration
        if not self._journey.is_over:
            self._journey.enter_hop(iteration)

    @guarded
    def set_loop_iteration(self, iteration: int | None) -> None:
        """The loop over stages 3 and 4 goes on to that output; None after the last."""
        self.current_loop_iteration = iteration
        if not self._journey.is_over:
            self._journey.enter_output(iteration)

    @guarded
    def log_pipeline_start(self, input_text: str, metadata: dict[str, Any] | None = None) -> None:
        """Say what the run was asked with; its `pipeline_start` was logged when the tracker was made."""
        self._input = input_text
        if metadata:
            self._run.amend(metadata=metadata)

    @guarded
    def log_pipeline_complete(self, total_duration: float | None = None, outputs_generated: int | None = None) -> None:
        """End the run. Its duration and its outputs are those that were seen; what is passed is kept as a fact."""
        if self._journey.is_over:
            return
        self._run.fact(TOLD, {"total_duration": total_duration, "outputs_generated": outputs_generated})
        self._end()

    @guarded
    def log_pipeline_error(self, error_type: str, error_message: str, stage: int | None = None) -> None:
        """End the run with an error: in the stage that is named, or else in the one that was not done yet."""
        error = reported_error(error_type, error_message)
        if self._journey.is_over:
            details = describe_error(error)
            self._run.at(stage).item(ItemType.PIPELINE_ERROR, content=details["error_message"], metadata=details)
            return
        self._run.fact(TOLD, {"error_type": error_type, "stage": stage})
        self._amend_head()
        self._journey.fail(error, stage)

    @guarded
    def log_stage_transition(self, from_stage: int, to_stage: int) -> None:
        """The pipeline goes on to another stage; the change is logged when it happens, once."""
        self.set_stage(to_stage)

    @guarded
    def note(self, name: str, value: Any) -> None:
        """Keep something that is true of the whole run, such as its id elsewhere; not among the earlier calls."""
        self._run.fact(name, value)

    @guarded
    def finalize(self) -> None:
        """End the run, if nothing did; its record is written elsewhere, and tried again until it is."""
        self.finalized = True
        if not self._journey.is_over:
            self._end()

    def get_execution_record(self) -> ExecutionRecord:
        """The record as far as the run has come; the stored one also has its spans."""
        over = self._journey.is_over
        return record_so_far(
            self._run,
            self.items,
            timestamp=timestamp_of(int(self.start_time * 1e9)),
            total_execution_time=time.time() - self.start_time,
            finish_reason=FinishReason.ROOT_ENDED if over else FinishReason.CLOSED,
            # Whoever stores it stores what was recorded, not who it was.
            **self._run._run.attribution.of(self._head_now()),
        )

    @property
    def scope(self) -> CallingScope:
        """The hop, stage or output that is open now: where backend calls belong, once a pipeline tells of them."""
        return self._journey.here

    @property
    def items(self) -> list[ExecutionItem]:
        """What was logged so far, as the record will have it."""
        return items_of(self._frames)

    @property
    def sequence_counter(self) -> int:
        """How many items were logged."""
        return self._run._run.items.taken

    def get_items_by_stage(self, stage: int) -> list[ExecutionItem]:
        """The items of one stage, in order."""
        return [item for item in self.items if item.stage == stage]

    def get_items_by_type(self, item_type: str) -> list[ExecutionItem]:
        """The items of one type, in order."""
        return [item for item in self.items if item.item_type == item_type]

    def _log(self, item_type: ItemType, stage: int, loop_iteration: Any = None, **details: Any) -> None:
        self._log_input_of_later_stages(stage)
        self._write(self._journey.scope(stage, loop_iteration), item_type, **details)
        self._journey.note(item_type)

    def _log_media(
        self, item_type: ItemType, stage: int, loop_iteration: Any, file_path: Any, metadata: Any, **details: Any
    ) -> None:
        """Log what stands in a file or in the metadata."""
        self._log(item_type, stage, loop_iteration, file_path=file_path, metadata=metadata, **details)

    def _write(self, scope: Scope, item_type: ItemType, **details: Any) -> None:
        """Log one item for each medium that stands in the fields, one where none is at hand."""
        slim, media = self._lift_media(details)
        kind = corrections.real_type(item_type, details, slim.get("metadata"), media)
        path, given = corrections.stored_path(slim.pop("file_path", None))
        if given:
            slim["metadata"] = {**given, **(slim.get("metadata") or {})}
        content, media_format = media[0] if media else (None, None)
        scope.item(kind, file_path=path, media=content, media_format=media_format, **slim)
        shared = {name: value for name, value in slim.items() if name not in ("content", "input_text", "metadata")}
        for index, (content, media_format) in enumerate(media[1:], start=2):
            described = {corrections.MEDIA_INDEX: index}
            scope.item(kind, media=content, media_format=media_format, metadata=described, **shared)

    def _lift_media(self, details: dict[str, Any]) -> tuple[dict[str, Any], list[Medium]]:
        try:
            slim, media = corrections.lift_fields(details)
        except Exception as trouble:  # the item is worth more than its media in files of their own
            self._troubles.report("migration media", trouble)
            return dict(details), []
        return dict(slim), media

    def _log_input_of_later_stages(self, stage: Any) -> None:
        """A run that begins after stage 1 was given something too."""
        if self._input is not None and stage in (2, 3, 4):
            given, self._input = self._input, None
            self._write(self._run.at(1), ItemType.USER_INPUT_TEXT, content=given)

    def _end(self) -> None:
        self._amend_head()
        self._journey.end()

    def _amend_head(self) -> None:
        """Who asked is sometimes known only later, and set on the tracker."""
        changed = {name: value for name, value in self._head_now().items() if value != self._head[name]}
        if changed:
            self._run.amend(**changed)

    def _head_now(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _HEAD}


class ReportedError(TrackingError):
    """An error of the pipeline that was told of in words."""


def reported_error(error_type: Any, message: Any) -> ReportedError:
    """An error that says of itself what was told.

    >>> reported_error("PipelineExecutionError", "Ollama Error: 500")
    PipelineExecutionError('Ollama Error: 500')
    """
    name = text(error_type)
    kind: type[ReportedError] = type(name, (ReportedError,), {}) if name.isidentifier() else ReportedError
    return kind("" if message is None else text(message))
