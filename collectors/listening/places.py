"""Who has how many connections, and whose place a newcomer gets when there are none left."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar


class KnownConnection(Protocol):
    """What has to be known of a connection.

    Its network, as `network_of` says it; whether it has ever shown that it may come in; when it came, and when it last
    began or ended to ask, or was answered.
    """

    network: str
    is_known: bool
    arrived: float
    turned: float

    @property
    def is_asking(self) -> bool:
        """Whether a part of a request has come."""

    @property
    def is_busy(self) -> bool:
        """Whether it is being answered."""


P = TypeVar("P", bound=KnownConnection)

YOUNG_SECONDS = 0.25
"""How long a newcomer has to say who it is before it counts as one of those who only sit there.

Most say it with their first packet. The longer it is, the more floods cost those who are kept for their next request.
"""


def who_gives_way(connections: Iterable[P], now: float) -> P | None:
    """The one whose place a newcomer gets; None where all are being answered.

    Strangers that have been there for a while go first, then those we know that ask nothing, then other newcomers;
    of each kind the longest there.
    """
    idle = (one for one in connections if not one.is_busy)
    return min(idle, key=lambda one: _order(one, now), default=None)


def _order(one: KnownConnection, now: float) -> tuple[int, float]:
    if one.is_known:
        return (3 if one.is_asking else 1), one.turned
    return (2 if now - one.arrived < YOUNG_SECONDS else 0), one.arrived


def network_of(address: str) -> str:
    """The address, or the network of one: who has an IPv6 address has 2⁶⁴ of them.

    >>> network_of("192.0.2.7"), network_of("2001:db8::1"), network_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::', '192.0.2.7')
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


class Places:
    """Counts connections, all and by network."""

    def __init__(self, most: int, most_per_network: int, *, unlimited: frozenset[str] = frozenset()) -> None:
        self._most, self._most_per_network, self._unlimited = most, most_per_network, unlimited
        self._by_network: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._by_network.total()

    def rivals(self, network: str, connections: Iterable[P]) -> list[P] | None:
        """Those of whom one has to go before another from that network may come; None where there is a place."""
        if network not in self._unlimited and self._by_network[network] >= self._most_per_network:
            return [one for one in connections if one.network == network]
        return list(connections) if len(self) >= self._most else None

    def add(self, network: str) -> None:
        """One more."""
        self._by_network[network] += 1

    def remove(self, network: str) -> None:
        """One less."""
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]
