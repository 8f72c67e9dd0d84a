"""The current scope, for code that nobody hands a handle to."""

from __future__ import annotations

import functools

from opentelemetry.trace import NoOpTracerProvider

from otel_tracking.run import Execution
from otel_tracking.scope import Scope
from otel_tracking.surroundings import surrounding
from otel_tracking.tracker import ExecutionTracker


def current_scope() -> Scope:
    """The innermost scope whose `with` block surrounds this code, of a tracker that is `ambient`.

    Where none does, a run that is recorded nowhere: whatever is asked of it goes well, and `is_nowhere` says so.

    >>> from otel_tracking import ExecutionTracker, ItemType, current_scope
    >>> def deep_inside():
    ...     current_scope().item(ItemType.USER_INPUT_TEXT, content="Eine Blume")
    >>> with ExecutionTracker(ambient=True).execution("dada") as run, run.stage(1) as stage:
    ...     current_scope() is stage
    True
    """
    return surrounding(Scope) or _nowhere()


def is_nowhere(scope: Scope) -> bool:
    """Whether `current_scope` found none."""
    return scope is _nowhere()


@functools.cache
def _nowhere() -> Execution:
    return ExecutionTracker(NoOpTracerProvider()).execution("nowhere")
