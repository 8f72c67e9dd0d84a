"""Frames: frozen once, read often, and nothing but plain values ever comes out of them."""

import os
import pickle
import subprocess
import threading
import tracemalloc
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from children import run_python
from hypothesis import given
from hypothesis import strategies as st
from odd_values import ENUMS, KEPT, LOSSY, OddDict
from strategies import any_value

from otel_tracking import canonical
from otel_tracking.frame import _spares, freeze, thaw
from otel_tracking.values.kinds import Opaque


@given(any_value)
def test_what_is_thawed_is_what_was_frozen(value):
    assert canonical.dumps(thaw(freeze((value,)))) == canonical.dumps((value,))


@pytest.mark.parametrize("name", [*KEPT, *ENUMS])
def test_odd_values_are_thawed_as_they_were_frozen(name):
    value = {**KEPT, **ENUMS}[name]()
    [again] = thaw(freeze((value,)))
    assert canonical.encode(again) == canonical.encode(value)


@pytest.mark.parametrize("name", LOSSY)
def test_what_resists_is_described_alone(name):
    before, after = {"kept": 1}, {"kept": 2}
    payload = freeze((before, LOSSY[name](), {"beside": LOSSY[name](), "kept": 3}, after))
    first, _, beside, last = thaw(payload)
    assert (first, beside["kept"], last) == ({"kept": 1}, 3, {"kept": 2})


def text(value):
    """The instruction that makes a text."""
    return pickle.SHORT_BINUNICODE + bytes([len(value)]) + value.encode()


def sized(instruction, size, width=8):
    """An instruction that says `size`, with nothing behind it."""
    return instruction + size.to_bytes(width, "little")


PROTOCOL = pickle.PROTO + b"\x05"
REBUILD = text("otel_tracking.frame") + text("_rebuild") + pickle.STACK_GLOBAL
IDENTITY = text("otel_tracking.frame") + text("_identity") + pickle.STACK_GLOBAL
TWENTY_GB = 20 * 10**9


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


EXPLOITS = {
    "a command": Runs(os.system, "echo broken"),
    "a process": Runs(subprocess.call, ["true"]),
    "a file": Runs(open, "/etc/passwd"),
    "eval": Runs(eval, "1+1"),
    "an attribute": Runs(getattr, "", "join"),
    "an import": Runs(__import__, "os"),
    "our own module": Runs(canonical.dumps, 1),
    "an exception": ValueError("x"),
    "a class": OddDict,
}


@pytest.mark.parametrize("name", EXPLOITS)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_payload_that_would_build_anything_else_is_refused(name, protocol):
    with pytest.raises(pickle.UnpicklingError):
        thaw(pickle.dumps((EXPLOITS[name],), protocol))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b".",
        b"garbage",
        pickle.dumps(5),
        pickle.dumps([1]),
        b"cos\nsystem\n(S'echo broken'\ntR.",
        b"cotel_tracking.frame\n_Thawer\n.",
        b"cotel_tracking.frame\nos.system\n.",
        b"\x80\x04cotel_tracking.frame\npickle.loads\n(C\x01.tR.",
        b"Pa persistent id\n.",
        b"\x82\x01.",
    ],
)
def test_bytes_that_are_no_payload_are_refused_without_being_run(payload):
    with pytest.raises((pickle.UnpicklingError, EOFError, KeyError, ValueError, AttributeError, IndexError)):
        thaw(payload)


def test_a_rebuild_with_a_tag_that_is_none_is_refused():
    with pytest.raises(KeyError):
        thaw(PROTOCOL + REBUILD + text("$evil") + text("x") + pickle.TUPLE2 + pickle.REDUCE + pickle.TUPLE1 + b".")


A_STATE = pickle.EMPTY_DICT + text("__qualname__") + text("x") + pickle.SETITEM
OF_SLOTS = pickle.NONE + A_STATE + pickle.TUPLE2
A_FRACTION = REBUILD + text("$fraction") + text("1/3") + pickle.TUPLE2 + pickle.REDUCE
ATTRIBUTES = {
    "of our rebuilding function": REBUILD + OF_SLOTS,
    "in its dict": REBUILD + A_STATE,
    "of our other function": IDENTITY + OF_SLOTS,
    "of a value": A_FRACTION + OF_SLOTS,
    "of a function in the memo": REBUILD + pickle.MEMOIZE + pickle.POP + pickle.BINGET + b"\0" + OF_SLOTS,
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_payload_cannot_set_attributes(name):
    """Of nothing at all: freezing writes the names of our own functions, and would write others afterwards."""
    before = freeze((uuid.UUID(int=1), bytearray(b"x")))
    with pytest.raises(pickle.UnpicklingError):
        thaw(PROTOCOL + ATTRIBUTES[name] + pickle.BUILD + pickle.TUPLE1 + b".")
    assert freeze((uuid.UUID(int=1), bytearray(b"x"))) == before


BYTEARRAY = text("builtins") + text("bytearray") + pickle.STACK_GLOBAL
GREEDY = {
    "bytes": sized(pickle.BINBYTES8, TWENTY_GB),
    "bytearray": sized(pickle.BYTEARRAY8, TWENTY_GB),
    "text": sized(pickle.BINUNICODE8, TWENTY_GB),
    "frame": sized(pickle.FRAME, TWENTY_GB),
    "integer": sized(pickle.LONG4, 2**31 - 1, 4),
    "memo": pickle.NONE + sized(pickle.LONG_BINPUT, 2**32 - 1, 4),
    "memo that is not there": sized(pickle.LONG_BINGET, 2**32 - 1, 4),
    "a call": BYTEARRAY + sized(pickle.LONG1 + b"\x08", TWENTY_GB) + pickle.TUPLE1 + pickle.REDUCE,
    "beyond every address": sized(pickle.BINBYTES8, 2**63),
    "a fraction": REBUILD + text("$fraction") + text("1e9999999") + pickle.TUPLE2 + pickle.REDUCE,
}


@pytest.mark.parametrize("name", GREEDY)
def test_a_payload_never_takes_more_memory_than_its_bytes(name):
    tracemalloc.start()
    try:
        with pytest.raises((pickle.UnpicklingError, ValueError)):
            thaw(PROTOCOL + GREEDY[name] + pickle.TUPLE1 + b".")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


NESTED = """
import pickle
from otel_tracking.frame import thaw
key = pickle.EMPTY_TUPLE + 3_000_000 * pickle.TUPLE1
for inside in (key, 3_000_000 * pickle.MARK + 3_000_000 * pickle.TUPLE):
    for around in (pickle.EMPTY_DICT + inside + pickle.NONE + pickle.SETITEM, pickle.MARK + inside + pickle.FROZENSET):
        try:
            thaw(pickle.PROTO + bytes([5]) + around + pickle.TUPLE1 + b".")
        except pickle.UnpicklingError as error:
            print(error)
"""


def test_nested_tuples_in_a_payload_do_not_overflow_the_stack():
    """Hashing a million of them ends the process: they are refused before they are made."""
    assert set(run_python(NESTED).splitlines()) == {"a payload nests tuples more than 10000 deep"}


def test_deep_and_shared_values_of_a_payload_are_read_and_cut_where_they_are_written():
    """A list a hundred thousand levels deep, and a tuple whose text would have 2**60 parts."""
    deep = 100_000 * pickle.EMPTY_LIST + 99_999 * pickle.APPEND
    doubling = text("x") + b"".join(
        pickle.MEMOIZE + pickle.POP + 2 * (pickle.BINGET + bytes([number])) + pickle.TUPLE2 for number in range(60)
    )
    for inside in (deep, doubling):
        (value,) = thaw(PROTOCOL + inside + pickle.TUPLE1 + b".")
        told = canonical.encode(value)
        assert told.lossy_values > 0
        assert len(told.text) < 100 * 2**20


@given(
    value=any_value,
    start=st.integers(0, 2000),
    length=st.integers(0, 20),
    noise=st.binary(max_size=20) | st.sampled_from([*ATTRIBUTES.values(), *GREEDY.values()]),
)
def test_a_payload_that_was_changed_is_refused_or_plain_and_changes_nothing(value, start, length, noise):
    """Whatever is put in place of any part of it; afterwards freezing does what it did."""
    payload = freeze((value,))
    start %= len(payload)
    try:
        found = thaw(payload[:start] + noise + payload[start + length :])
    except Exception as refused:
        assert not isinstance(refused, MemoryError | RecursionError)
    else:
        canonical.dumps(found)
    assert canonical.dumps(thaw(freeze((value,)))) == canonical.dumps((value,))


def test_plain_values_are_frozen_without_calling_any_python_code():
    freeze(({},))
    _, freezer = _spares[-1]
    calls = []
    freezer.reducer_override = lambda value: calls.append(value) or NotImplemented
    try:
        freeze(({"a": [1, 2.5, None, True, "x", b"y", (1,), {2}, frozenset({3})]},))
    finally:
        del freezer.reducer_override
    assert calls == []


class ChangesItsOwner:
    """Adds to the dict that holds it whenever it is described, as another thread might."""

    def __init__(self, owner):
        self.owner = owner

    def __repr__(self):
        self.owner[len(self.owner)] = "more"
        return "<changes>"


def test_a_dict_that_changes_while_it_is_frozen_is_frozen_all_the_same():
    owner = {"kept": 1}
    owner["odd"] = ChangesItsOwner(owner)
    [frozen] = thaw(freeze((owner,)))
    assert frozen["kept"] == 1
    assert isinstance(frozen["odd"], Opaque)


def test_a_dict_that_another_thread_keeps_changing_never_raises():
    shared, stop = {number: str(number) for number in range(500)}, threading.Event()

    def change():
        number = 0
        while not stop.is_set():
            number += 1
            shared[500 + number % 50] = "x"
            shared.pop(500 + (number - 25) % 50, None)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(300):
            [frozen] = thaw(freeze((shared,)))
            assert isinstance(frozen, Opaque) or frozen[499] == "499"
    finally:
        stop.set()
        thread.join()


class LogsWhileDescribed:
    """Freezes something itself when it is described, as a repr that logs would."""

    def __repr__(self):
        thaw(freeze(("inner",)))
        return "<logs>"


def test_a_repr_that_logs_does_not_disturb_the_freezing_around_it():
    assert thaw(freeze(("before", LogsWhileDescribed(), "after")))[::2] == ("before", "after")


def test_threads_that_freeze_at_once_do_not_share_a_pickler():
    values = [({"number": number, "text": str(number) * 2_000, "odd": uuid.UUID(int=number)},) for number in range(400)]
    with ThreadPoolExecutor(8) as threads:
        payloads = list(threads.map(freeze, values))
    assert [thaw(payload) for payload in payloads] == values
