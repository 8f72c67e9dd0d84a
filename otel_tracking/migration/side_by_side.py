"""Log with the earlier tracker and with this one, for as long as both are to be compared."""

from __future__ import annotations

from typing import Any

from otel_tracking.migration.tracker import ExecutionTracker

EARLIER_ID = "earlier_execution_id"
"""Name of the fact that says under which id the earlier tracker stored the same run."""

SET_ON_BOTH = frozenset({"config_name", "execution_mode", "safety_level", "user_id", "session_id"})
"""What routes set on a tracker after it was made, and both records say."""


def beside(earlier: type) -> type:
    """A class that is used like `earlier`: every call goes to both, and what it answers is the earlier one's answer.

    What is set on it is set on the earlier one, and on ours where it is a part of the record.

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
            object.__setattr__(self, "_earlier", earlier(*args, **kwargs))
            object.__setattr__(self, "_ours", ExecutionTracker(*args, **kwargs))
            self._ours.note(EARLIER_ID, getattr(self._earlier, "execution_id", None))

        def __setattr__(self, name: str, value: Any) -> None:
            # First ours, which is told of it even where the earlier one refuses; its id stays its own.
            if name in SET_ON_BOTH:
                setattr(self._ours, name, value)
            setattr(self._earlier, name, value)

        def __delattr__(self, name: str) -> None:
            delattr(self._earlier, name)

        def __getattr__(self, name: str) -> Any:
            theirs, ours = getattr(self._earlier, name), getattr(self._ours, name, None)
            if not callable(theirs) or not callable(ours):
                return theirs

            def call(*args: Any, **kwargs: Any) -> Any:
                ours(*args, **kwargs)
                return theirs(*args, **kwargs)

            return call

    return SideBySide
