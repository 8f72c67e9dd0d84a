"""What comes from a broker: messages, and which partitions they are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """A message: where it stands, when it was written (seconds since 1970), and the OTLP request that it is."""

    partition: int
    offset: int
    time_s: float
    body: bytes


class Partitions(Protocol):
    """Whoever is told which partitions are read from now on, and which no more. Nothing here may wait, or raise."""

    def assigned(self, partitions: Sequence[int]) -> None:
        """These are ours now. Nothing of them comes before they are sought."""

    def revoked(self, partitions: Sequence[int]) -> None:
        """These will be somebody else's: what is whole may still be committed."""

    def lost(self, partitions: Sequence[int]) -> None:
        """These are somebody else's already."""


class MessageSource(Protocol):
    """A broker, seen by one member of a group. For one thread: it tells `Partitions` while it is polled."""

    def poll(self, seconds: float, told: Partitions) -> Sequence[Message]:
        """Some messages, in the order of each partition; none where none came in that time."""

    def seek(self, partition: int, offset: int | None) -> None:
        """Read on from there; None is where it begins."""

    def is_at_end(self, partition: int) -> bool:
        """Whether all of it that there is has been read."""

    def hold(self, on_hold: bool) -> None:
        """Bring no messages for now, and stay in the group; or bring them again."""

    def note(self, positions: Mapping[int, int]) -> None:
        """These positions are durable; for whoever looks at the broker how far this group is."""

    def close(self) -> None:
        """Leave the group."""
