"""How often wrong tokens are heard: so often from one address, and so often from all together."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from collectors.listening import network_of

ALL_TOGETHER = 10
"""How many times as many may come from all addresses as from one."""


class Attempts:
    """Counts wrong tokens by the minute. Right ones are never counted: a class comes in at once, behind one router."""

    def __init__(self, most_a_minute: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._first = RateLimitItemPerMinute(1, namespace="first")
        self._of_one = RateLimitItemPerMinute(most_a_minute, namespace="one")
        self._of_all = RateLimitItemPerMinute(ALL_TOGETHER * most_a_minute, namespace="all")

    def are_too_many(self, address: str) -> bool:
        """Whether nothing more is heard from there for now, right or wrong: whoever guesses would go on otherwise.

        An address that sent no wrong token is heard, however many others do.
        """
        network = network_of(address)
        has_failed = not self._limiter.test(self._first, network)
        return has_failed and not (self._limiter.test(self._of_one, network) and self._limiter.test(self._of_all))

    def note_wrong(self, address: str) -> None:
        """One more wrong token from there."""
        network = network_of(address)
        self._limiter.hit(self._first, network)
        self._limiter.hit(self._of_one, network)
        self._limiter.hit(self._of_all)
