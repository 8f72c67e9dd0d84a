"""`ExecutionTracker`: where an orchestrator starts.

with tracker.execution("stillepost", safety_level="kids") as run:
    with run.stage(1) as stage:
        stage.item(ItemType.USER_INPUT_TEXT, content=prompt)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

from opentelemetry import trace

from otel_tracking.attribution import Attribution
from otel_tracking.errors import Troubles
from otel_tracking.imperative import ImperativeMethods
from otel_tracking.run import Execution, start_execution
from otel_tracking.shared import Emit, Run, recorder_in
from otel_tracking.span_event import Frame
from otel_tracking.timings import Timings

if TYPE_CHECKING:
    from otel_tracking.pseudonyms import Pseudonyms
    from otel_tracking.secrets.frozen import Redactor

INSTRUMENTATION_NAME = "otel_tracking"


class ExecutionTracker(ImperativeMethods):
    """Starts executions on a tracer provider; the global one unless another is handed in.

    With any provider you get spans and span events. A tracker from `collectors.start_recording(...).tracker()` also
    feeds the flight recorder, the live feed and the records. `redactor` takes secrets out of what is logged.

    `study_id` is the study of runs that say none. With `pseudonyms`, users, sessions and devices are replaced before
    a run begins: nothing of it has ever known their ids. One that cannot be replaced is left out. With `ambient`, the
    `with` blocks of its scopes are what `current_scope` finds in code that nobody hands a scope to.
    """

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        *,
        emit: Emit | None = None,
        troubles: Troubles | None = None,
        timings: Timings | None = None,
        redactor: Redactor | None = None,
        pseudonyms: Pseudonyms | None = None,
        study_id: str | None = None,
        ambient: bool = False,
    ) -> None:
        super().__init__()
        self.is_ambient = ambient
        self.troubles = troubles or Troubles()
        self.timings = timings or Timings()
        self.redactor = redactor or _usual_redactor()
        self.attribution = Attribution(self.troubles, pseudonyms, study_id)
        self._emit = emit or add_event
        self._tracer = _tracer_of(tracer_provider, self.troubles)
        self._recorder = recorder_in(self._tracer)

    def execution(
        self,
        config_name: str,
        *,
        execution_mode: str | None = None,
        safety_level: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        device_id: str | None = None,
        study_id: str | None = None,
        batch_id: str | None = None,
        repeats: str | None = None,
        continues: str | None = None,
        used_seed: int | None = None,
        links: Iterable[trace.SpanContext | trace.Link] = (),
        metadata: Any = None,
    ) -> Execution:
        """Start a run of `config_name`: a context manager, always the root of a trace of its own.

        `repeats` and `continues` name an earlier execution, `batch_id` a batch; `links` are span contexts of what
        caused this run, such as an HTTP request. A span of others that is current here is linked by itself.

        >>> with ExecutionTracker().execution("dada", safety_level="kids") as run:
        ...     run.execution_id.startswith("exec_")
        True
        """
        fields = {
            "config_name": config_name,
            "execution_mode": execution_mode,
            "safety_level": safety_level,
            "user_id": user_id,
            "session_id": session_id,
            "device_id": device_id,
            "study_id": study_id,
            "batch_id": batch_id,
            "repeats": repeats,
            "continues": continues,
            "used_seed": used_seed,
            "metadata": metadata,
        }
        run = Run(
            self._tracer,
            self._emit,
            self.troubles,
            self.timings,
            self.redactor,
            self.attribution,
            recorder=self._recorder,
            is_ambient=self.is_ambient,
        )
        return start_execution(run, self.attribution.of(fields), links)

    def heard_by(self, listen: Callable[[Frame], object]) -> Self:
        """A tracker like this one whose frames go to `listen` too, once they are emitted, on the pipeline's thread."""
        twin = copy.copy(self)

        def emit(span: trace.Span, frame: Frame) -> None:
            self._emit(span, frame)
            listen(frame)

        twin._emit = emit
        return twin


def add_event(span: trace.Span, frame: Frame) -> None:
    """Put a frame on its span with the public API: the emit that works with every provider."""
    span.add_event(frame.name, frame.attributes, frame.timestamp)


def _usual_redactor() -> Redactor:
    from otel_tracking.secrets.frozen import Redactor  # only here: a program may import us and start no run

    return Redactor()


def _tracer_of(provider: trace.TracerProvider | None, troubles: Troubles) -> trace.Tracer:
    try:
        return (provider or trace.get_tracer_provider()).get_tracer(INSTRUMENTATION_NAME)
    except Exception as trouble:
        troubles.report("tracer", trouble)
        return trace.NoOpTracer()
