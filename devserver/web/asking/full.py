"""Why a run is not taken now, and when to ask again."""

from __future__ import annotations

from enum import StrEnum


class WhyNot(StrEnum):
    """What stands against it: the queue of all, what the one who asks has under way, or the end of the server."""

    QUEUE = "queue_full"
    OWN = "own_limit"
    ENDING = "ending"

    @property
    def status(self) -> int:
        """The HTTP status that says so."""
        return 429 if self is WhyNot.OWN else 503


class RunnerFull(Exception):
    """No more runs are taken now; `retry_after` says in how many seconds to ask again."""

    def __init__(self, sentence: str, retry_after: int, why: WhyNot = WhyNot.QUEUE) -> None:
        super().__init__(sentence)
        self.retry_after, self.why = retry_after, why
