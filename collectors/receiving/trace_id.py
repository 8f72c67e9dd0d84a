"""A trace id that can be looked up by, whoever chose it."""

from __future__ import annotations


class TraceId(int):
    """A trace id whose hash nobody can foresee.

    An integer's hash is what is left of it when it is divided by 2⁶¹-1: a sender could choose a hundred thousand ids of
    128 bits that all have the same, and every look for one of them would be a walk past the others.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(self.to_bytes(16))
