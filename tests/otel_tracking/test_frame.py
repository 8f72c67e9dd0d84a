"""Frames: frozen once, read often, and nothing but plain values ever comes out of them."""

import os
import pickle
import subprocess
import threading

import pytest
from hypothesis import given
from odd_values import ENUMS, KEPT, LOSSY, OddDict
from strategies import any_value

from otel_tracking import canonical
from otel_tracking.frame import _spare, freeze, thaw
from otel_tracking.values import Opaque


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
    payload = b"\x80\x04cotel_tracking.frame\n_rebuild\n(X\x05\x00\x00\x00$evilX\x01\x00\x00\x00xtR\x85."
    with pytest.raises(KeyError):
        thaw(payload)


def test_plain_values_are_frozen_without_calling_any_python_code():
    freeze(({},))
    _, freezer = _spare.pair
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
