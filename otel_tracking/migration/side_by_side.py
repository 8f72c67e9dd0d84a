"""Log with the earlier tracker and with this one, for as long as both are to be compared."""

from __future__ import annotations

from typing import Any

from otel_tracking.migration.tracker import ExecutionTracker

EARLIER_ID = "earlier_execution_id"
"""Name of the fact that says under which id the earlier tracker stored the same run."""


def beside(earlier: type) -> type:
    """A class that is used like `earlier`: every call goes to both, and what it answers is the earlier one's answer.

    >>> class Earlier:
    ...     def __init__(self, *names: str) -> None:
    ...         self.execution_id = "exec_20251103_224153_608540d5"
    ...     def set_stage(self, stage: int) -> str:
    ...         return f"stage {stage}"
    >>> tracker = beside(Earlier)("dada", "eco", "kids")
    >>> tracker.execution_id, tracker.set_stage(1)
    ('exec_20251103_224153_608540d5', 'stage 1')
    """

    class SideBySide:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._earlier = earlier(*args, **kwargs)
            self._ours = ExecutionTracker(*args, **kwargs)
            self._ours.note(EARLIER_ID, getattr(self._earlier, "execution_id", None))

        def __getattr__(self, name: str) -> Any:
            theirs, ours = getattr(self._earlier, name), getattr(self._ours, name, None)
            if not callable(theirs) or not callable(ours):
                return theirs

            def call(*args: Any, **kwargs: Any) -> Any:
                ours(*args, **kwargs)
                return theirs(*args, **kwargs)

            return call

    return SideBySide
