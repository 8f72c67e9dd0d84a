"""Keep the pipeline out of our trouble: it is counted where it would be raised."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from otel_tracking.migration.recorder.runs import ServerRuns

P = ParamSpec("P")
A = TypeVar("A")


class InRuns(Protocol):
    """Something whose trouble is counted with that of a server's runs."""

    runs: ServerRuns


T = TypeVar("T", bound=InRuns)


def guarded(runs: ServerRuns, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `method` answers; None where it raised, which is counted with those of the runs."""
    try:
        return method(*args, **kwargs)
    except Exception as trouble:
        runs.troubles.report(f"recorder {name}", trouble)
        return None


def never_raising(method: Callable[Concatenate[T, P], A]) -> Callable[Concatenate[T, P], A]:
    """The method, with its trouble counted instead of raised; it answers None then."""

    @functools.wraps(method)
    def call(self: T, /, *args: P.args, **kwargs: P.kwargs) -> A:
        return guarded(self.runs, method.__name__, method, self, *args, **kwargs)  # type: ignore[no-any-return]

    return call
