"""Freeze an item once, on the pipeline's thread, in microseconds; read it as often as needed, elsewhere.

A frame's payload is a pickle of plain values, made in C: 3 µs for a typical item and 0.2 ms for a 40 KB graph, where
a walk in Python takes 8 µs and 1.3 ms, and faster codecs lose values (`docs/decisions/frame-encoding.md`).
Payloads are read by an unpickler that can build nothing but those values, and looked through before if they come from
a file.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

from otel_tracking.values.kinds import REBUILD, Opaque, as_leaf, class_name, simplify

ITEM_FIELDS = (
    "sequence_number",
    "timestamp_ns",
    "item_type",
    "media_type",
    "stage",
    "stage_iteration",
    "loop_iteration",
    "content",
    "input_text",
    "file_path",
    "config_used",
    "model_used",
    "backend_used",
    "execution_time",
    "attempt",
    "media",
    "metadata",
)
"""What an item's payload holds, in this order."""

FACT_FIELDS = ("fact", "value")
"""What a fact's payload holds: something true of its whole span, such as what was passed to a backend."""

ITEM, FACT = "I", "F"
"""The first value of a payload says what it holds; the second is the id of the span it belongs to."""


class MediaBytes:
    """Media bytes held by reference; hashed by whoever needs the hash first, never on the pipeline's thread."""

    __slots__ = ("_sha256", "data", "type")

    def __init__(self, data: bytes, media_type: str) -> None:
        self.data, self.type = data, media_type
        self._sha256: str | None = None

    @property
    def sha256(self) -> str:
        """Hex sha256 of the bytes."""
        if self._sha256 is None:
            import hashlib  # 4 ms, and most programs log no media

            self._sha256 = hashlib.sha256(self.data).hexdigest()
        return self._sha256

    def describe(self) -> dict[str, Any]:
        """`{"sha256", "bytes", "type"}` as the record keeps it."""
        return {"sha256": self.sha256, "bytes": len(self.data), "type": self.type}


class Unread:
    """A fact's value, part of which is still in the bytes of a JSON body: they are read when the fact is read.

    `fields` are known already; `body` and `body_facts` are to be found in `raw`.
    """

    __slots__ = ("content_type", "fields", "raw", "to_send_again")

    def __init__(self, fields: dict[str, Any], raw: bytes, content_type: str, *, to_send_again: bool) -> None:
        self.fields, self.raw, self.content_type, self.to_send_again = fields, raw, content_type, to_send_again


def freeze(values: tuple[Any, ...]) -> bytes:
    """The payload of `values`, whatever they hold. What resists becomes an `Opaque` description, alone."""
    try:
        # A pickler that is there already saves a microsecond. It is taken out while in use, in one step: other threads
        # freeze too, and a value's own `__repr__` may log.
        try:
            spare = _spares.pop()
        except IndexError:
            spare = _new_pair()
        parts, freezer = spare
        freezer.dump(values)
        payload = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        if freezer.may_hold_odd_keys:
            freezer.check(payload)
        _spares.append(spare)
        return payload
    except Exception:
        return _freeze_awkward(values)


def thaw(payload: bytes) -> tuple[Any, ...]:
    """The values of a payload, wherever it comes from; they are never larger than its bytes allow.

    Raises `pickle.UnpicklingError` and others for bytes that are not one, and builds nothing but plain values before.
    """
    from otel_tracking.values.payload_check import check_payload  # who only records has no need of it

    check_payload(payload)
    return thaw_own(payload)


def thaw_own(payload: bytes) -> tuple[Any, ...]:
    """The values of a payload that this process froze itself, at a seventh of the time."""
    values = _Thawer(io.BytesIO(payload)).load()
    if type(values) is not tuple:
        raise pickle.UnpicklingError(f"a payload holds a tuple, this one a {type(values).__name__}")
    return values


def is_plainly_frozen(payloads: bytes) -> bool:
    """Whether payloads that this process froze itself surely name none of the functions below.

    A freezer writes no other name, so then there is nothing that an unpickler could find, and `thaw_plain` may read.
    """
    return _NAMED not in payloads


_NAMED = __name__.encode()


thaw_plain: Callable[[bytes], tuple[Any, ...]] = pickle.loads
"""The values of a payload of which `is_plainly_frozen` is true."""


def _identity(value: Any) -> Any:
    return value


def _rebuild(tag: str, payload: Any) -> Any:
    return REBUILD[tag](payload)


def _read(fields: dict[str, Any], raw: bytes, content_type: str, to_send_again: bool) -> dict[str, Any]:
    from otel_tracking.capture.bodies import read_fields  # most programs have no such facts

    return read_fields(fields, raw, content_type, to_send_again=to_send_again)


class _Freezer(pickle.Pickler):
    """Asks about everything that is not of a plain built-in type; those never leave C."""

    may_hold_odd_keys = False

    def reducer_override(self, value: Any) -> Any:
        if value is _identity or value is _rebuild or value is _read:
            return NotImplemented  # our own three, written by name
        if type(value) is Unread:
            return _read, (value.fields, value.raw, value.content_type, value.to_send_again)
        leaf = as_leaf(value)
        if leaf:
            return _rebuild, leaf
        simple = simplify(value)
        self.may_hold_odd_keys |= type(simple).__hash__ is None and type(value).__hash__ is not None
        return _identity, (simple,)

    def check(self, payload: bytes) -> bytes:
        """`payload`; raises where a key, such as a frozen dict, is none any more in the simple form it was given."""
        if self.may_hold_odd_keys:
            self.may_hold_odd_keys = False
            thaw_own(payload)
        return payload


class _Thawer(pickle.Unpickler):
    __slots__ = ()

    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"a payload never holds {module}.{name}")
        return found


_ALLOWED = {
    (__name__, "_identity"): _identity,
    (__name__, "_rebuild"): _rebuild,
    (__name__, "_read"): _read,
}

_spares: list[tuple[_Parts, _Freezer]] = []

_WITH_MEMO = b"\x80\x04"

_LARGEST_TREE = 2 * 2**20
"""Bytes after which a value is taken for one that shares itself many times, and frozen with a memo instead."""


class _Parts(list[bytes]):
    """Where a pickler writes to; refuses to grow without end."""

    def write(self, part: bytes) -> None:
        self.append(part)
        if len(self) > 1 and sum(map(len, self)) > _LARGEST_TREE:
            raise OverflowError("a frozen value grew beyond its limit")


def _new_pair() -> tuple[_Parts, _Freezer]:
    parts = _Parts()
    freezer = _Freezer(parts, protocol=5)
    # Without the memo a graph costs half as much. What needs one (cycles, much sharing) fails here and gets it below.
    freezer.fast = True
    return parts, freezer


def _pickle_with_memo(values: Any) -> bytes:
    buffer = io.BytesIO()
    freezer = _Freezer(buffer, protocol=5)
    freezer.dump(values)
    payload = freezer.check(buffer.getvalue())
    # It says of itself that it is of an older protocol, which nobody minds: with a memo other codes follow each name,
    # and whoever looks for secrets must be able to tell.
    return _WITH_MEMO + payload[len(_WITH_MEMO) :]


def _freeze_awkward(values: tuple[Any, ...]) -> bytes:
    try:
        return _pickle_with_memo(values)
    except Exception:
        return _pickle_with_memo(tuple(_salvage(value) for value in values))


def _salvage(value: Any) -> Any:
    """`value` if it can be frozen alone, else its entries one by one, else its description."""
    if type(value) is dict and not _can_be_frozen(value):
        # Another thread may be changing it: list() copies it in one step.
        pairs = list(value.items())
        return {
            key if _can_be_frozen({key: None}) else _describe(key): entry if _can_be_frozen(entry) else _describe(entry)
            for key, entry in pairs
        }
    return value if _can_be_frozen(value) else _describe(value)


def _can_be_frozen(value: Any) -> bool:
    try:
        _pickle_with_memo(value)
    except Exception:
        return False
    return True


def _describe(value: Any) -> Opaque:
    return Opaque(class_name(value), "<could not be frozen: too deep, too large or changing>")
