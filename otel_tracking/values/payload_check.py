"""Whether a payload that was found in a file holds only what freezing writes, and no more than its own bytes.

The unpickler reads a language that can do more than is ever needed here: set the attributes of what it was given, ask
for gigabytes in nine bytes, nest tuples until hashing one overflows the stack. So each instruction is looked at before
any is obeyed: in one pass over the bytes, with the depth of each value on the stack in the value's place.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pickle import UnpicklingError

MAX_TUPLE_DEPTH = 10_000
"""Hashing nested tuples takes stack for each level and does not look how much is left: a million are a crash."""


def check_payload(payload: bytes) -> None:
    """Nothing where `payload` may be unpickled; raises `UnpicklingError` where freezing never writes such bytes."""
    try:
        end = _Look().through(payload)
    except IndexError as trouble:
        raise UnpicklingError("a payload takes more than it has") from trouble
    if end != len(payload):
        raise UnpicklingError(f"a payload of {len(payload)} bytes says that it ends after {end}")


class _Look:
    """The stack, the marks in it and the memo of an unpickler, with depths for values."""

    def __init__(self) -> None:
        self._depths: list[int] = []
        self._marks: list[int] = []
        self._memo: list[int] = []

    def through(self, payload: bytes) -> int:
        """Where the payload ends."""
        depths, at = self._depths, 0
        while True:
            code = payload[at]
            at += 1
            if (size := _SIZES.get(code)) is not None:
                at += size
                depths.append(0)
            elif width := _WIDTHS.get(code):
                at += width + int.from_bytes(payload[at : at + width], "little")
                depths.append(0)
            elif act := _ACTS.get(code):
                act(self)
            elif width := _REFERENCES.get(code):
                depths.append(self._memo[int.from_bytes(payload[at : at + width], "little")])
                at += width
            elif code == _STOP:
                return at
            elif (size := _PREFACES.get(code)) is not None:
                at += size
            else:
                raise UnpicklingError(f"a payload never holds the instruction {code:#04x}")

    def mark(self) -> None:
        self._marks.append(len(self._depths))

    def take(self, count: int) -> None:
        """Values go into the one below them, or away."""
        del self._depths[-count:]

    def take_marked(self) -> list[int]:
        mark = self._marks.pop()
        taken = self._depths[mark:]
        del self._depths[mark:]
        return taken

    def pop(self) -> None:
        if self._marks and self._marks[-1] == len(self._depths):
            self._marks.pop()
        else:
            self._depths.pop()

    def tuple_of(self, count: int) -> None:
        taken = self._depths[-count:]
        del self._depths[-count:]
        self._push_around(taken)

    def tuple_of_marked(self) -> None:
        self._push_around(self.take_marked())

    def memoize(self) -> None:
        self._memo.append(self._depths[-1])

    def name(self) -> None:
        """Module and name become what they name: only what `find_class` of the unpickler knows."""
        self.take(2)
        self._depths.append(0)

    def call(self) -> None:
        """A function is called with a tuple; what comes of it may be what was in that."""
        depth = self._depths.pop()
        self._depths[-1] = depth

    def _push_around(self, inner: list[int]) -> None:
        depth = 1 + max(inner, default=0)
        if depth > MAX_TUPLE_DEPTH:
            raise UnpicklingError(f"a payload nests tuples more than {MAX_TUPLE_DEPTH} deep")
        self._depths.append(depth)


def _by_code(instructions_by_number: dict[int, tuple[bytes, ...]]) -> dict[int, int]:
    return {one[0]: number for number, instructions in instructions_by_number.items() for one in instructions}


_EMPTY = (pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.EMPTY_SET, pickle.EMPTY_TUPLE)
_SIZES = _by_code(
    {
        0: (pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, *_EMPTY),
        1: (pickle.BININT1,),
        2: (pickle.BININT2,),
        4: (pickle.BININT,),
        8: (pickle.BINFLOAT,),
    }
)
"""Values of a fixed size: how many bytes follow."""

_WIDTHS = _by_code(
    {
        1: (pickle.LONG1, pickle.SHORT_BINUNICODE, pickle.SHORT_BINBYTES),
        4: (pickle.LONG4, pickle.BINUNICODE, pickle.BINBYTES),
        8: (pickle.BINUNICODE8, pickle.BINBYTES8, pickle.BYTEARRAY8),
    }
)
"""Values that say their size: in how many bytes."""

_REFERENCES = _by_code({1: (pickle.BINGET,), 4: (pickle.LONG_BINGET,)})
_PREFACES = _by_code({1: (pickle.PROTO,), 8: (pickle.FRAME,)})
_STOP = pickle.STOP[0]

_ACTS: dict[int, Callable[[_Look], object]] = {
    pickle.MARK[0]: _Look.mark,
    pickle.APPEND[0]: lambda look: look.take(1),
    pickle.SETITEM[0]: lambda look: look.take(2),
    pickle.APPENDS[0]: _Look.take_marked,
    pickle.SETITEMS[0]: _Look.take_marked,
    pickle.ADDITEMS[0]: _Look.take_marked,
    pickle.POP_MARK[0]: _Look.take_marked,
    pickle.POP[0]: _Look.pop,
    pickle.TUPLE1[0]: lambda look: look.tuple_of(1),
    pickle.TUPLE2[0]: lambda look: look.tuple_of(2),
    pickle.TUPLE3[0]: lambda look: look.tuple_of(3),
    pickle.TUPLE[0]: _Look.tuple_of_marked,
    pickle.FROZENSET[0]: _Look.tuple_of_marked,
    pickle.MEMOIZE[0]: _Look.memoize,
    pickle.STACK_GLOBAL[0]: _Look.name,
    pickle.REDUCE[0]: _Look.call,
}
