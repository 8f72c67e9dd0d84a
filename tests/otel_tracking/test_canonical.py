"""Canonical text: any value, deterministic, and back to an equal one."""

import json
import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_values import ENUMS, KEPT, LOSSY, PLAINED
from strategies import any_value, plain_json

from otel_tracking import canonical
from otel_tracking.values.kinds import EnumValue, Opaque


@pytest.mark.parametrize("name", KEPT)
def test_a_value_comes_back_equal_and_of_the_same_type(name):
    value = KEPT[name]()
    again = canonical.loads(canonical.dumps(value))
    assert same(value, again)
    assert canonical.encode(value).lossy_values == 0


@pytest.mark.parametrize("name", PLAINED)
def test_a_subclass_comes_back_as_the_plain_value_it_is_equal_to(name):
    make, plain = PLAINED[name]
    assert same(canonical.loads(canonical.dumps(make())), plain)


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_keeps_its_class_its_name_and_its_value(name):
    encoded = canonical.encode(ENUMS[name]())
    assert encoded.lossy_values == 0
    assert '"odd_values.' in encoded.text
    assert canonical.dumps(canonical.loads(encoded.text)) == encoded.text


def test_an_enum_member_is_named_in_full():
    value = canonical.loads(canonical.dumps(ENUMS["enum"]()))
    assert value == EnumValue("odd_values.Colour", "RED", 1)


@pytest.mark.parametrize("name", [name for name in LOSSY if "exponentially" not in name and "much" not in name])
def test_what_cannot_be_kept_is_described_and_counted(name):
    encoded = canonical.encode({"odd": LOSSY[name](), "good": 1})
    again = canonical.loads(encoded.text)
    assert encoded.lossy_values >= 1
    assert again["good"] == 1
    assert canonical.dumps(again) == encoded.text


@given(any_value)
def test_reading_and_writing_again_changes_nothing(value):
    text = canonical.dumps(value)
    assert canonical.dumps(canonical.loads(text)) == text
    assert same(value, canonical.loads(text))


@given(any_value)
def test_the_text_is_strict_json_in_valid_unicode(value):
    canonical.dumps(value).encode("utf-8")
    json.loads(canonical.dumps(value), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@given(st.dictionaries(st.text(max_size=3) | st.integers() | st.none(), any_value, max_size=6), st.randoms())
def test_the_order_of_keys_makes_no_difference(value, random):
    pairs = list(value.items())
    random.shuffle(pairs)
    assert canonical.dumps(dict(pairs)) == canonical.dumps(value)


@given(st.sets(st.text(max_size=4) | st.integers(), max_size=8))
def test_the_order_of_a_set_makes_no_difference(value):
    backwards = set()
    for entry in reversed(list(value)):
        backwards.add(entry)
    assert canonical.dumps(backwards) == canonical.dumps(value)


@given(plain_json)
def test_foreign_json_is_read_as_plain_json(value):
    assert same(canonical.decode_foreign(json.dumps(value)).value, value)
    assert json.loads(canonical.dumps(value)) == value


@pytest.mark.parametrize(
    "foreign",
    [
        *('{"$set":[[1]]}', '{"$str":5}', '{"$int":"x"}', '{"$dict":[[1,2,3]]}', '{"$enum":[1]}', '{"$uuid":5}'),
        *('{"$range":[0,1,0]}', '{"$fraction":"1/0"}', '{"$decimal":"x"}', '{"$bytes":"ä"}', '{"$datetime":5}'),
        *('{"$timedelta":[1e300]}', '{"$str":"\\\\x"}', '{"$path":[1]}', '{"$complex":["a"]}', '{"$nothing":1}'),
    ],
)
def test_somebody_elses_object_that_looks_like_a_tag_stays_theirs(foreign):
    assert canonical.decode_foreign(foreign).value == json.loads(foreign)


def test_values_around_a_lossy_one_are_kept():
    again, lossy = canonical.settle({"keep": (1, b"x"), "odd": object()})
    assert (again["keep"], lossy) == ((1, b"x"), 1)
    assert isinstance(again["odd"], Opaque)


def test_a_structure_that_shares_itself_exponentially_is_cut_and_counted(monkeypatch):
    monkeypatch.setattr(canonical, "MAX_REPEATED", 10_000)
    encoded = canonical.encode(LOSSY["shares itself exponentially"]())
    assert encoded.lossy_values > 0
    assert len(encoded.text) < 3_000_000


@pytest.mark.parametrize("wrap", [lambda inner: (inner,), lambda inner: {1: inner}, lambda inner: [{"a": inner}]])
def test_values_as_deep_as_allowed_can_be_written_and_read_on_a_deep_stack(wrap):
    value = "bottom"
    for _ in range(canonical.MAX_DEPTH // 2 - 1):
        value = wrap(value)
    assert _at_depth(300, lambda: same(canonical.loads(canonical.dumps(value)), value))


@pytest.mark.parametrize("wrap", [lambda inner: (inner,), lambda inner: {1: inner}, lambda inner: {"$x": [inner]}])
def test_every_kind_of_value_may_be_as_deep_as_allowed(wrap):
    value = wrap(b"bottom")
    while canonical.encode(value).lossy_values == 0:
        value = wrap(value)
    assert "deep" in canonical.dumps(value)


def test_a_value_deeper_than_allowed_is_cut_on_any_stack():
    value = LOSSY["much too deep"]()
    texts = {_in_thread(lambda: canonical.dumps(value)), _at_depth(300, lambda: canonical.dumps(value))}
    assert len(texts) == 1


def same(one, other):
    """Equal, of the same types all the way down, with NaN equal to itself and -0.0 unequal to 0.0."""
    if type(one) is not type(other):
        return isinstance(one, type(other)) and one == other  # a PosixPath comes back as a PurePosixPath
    if isinstance(one, dict):
        return len(one) == len(other) and all(key in other and same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (one == other and str(one) == str(other))
    if isinstance(one, set | frozenset):
        return canonical.dumps(one) == canonical.dumps(other)
    return bool(one == other) and str(one) == str(other)


def _at_depth(depth, act):
    return act() if depth == 0 else _at_depth(depth - 1, act)


def _in_thread(act):
    results = []
    thread = threading.Thread(target=lambda: results.append(act()))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.parametrize("several", [dict.fromkeys, frozenset, set])
def test_several_that_are_no_number_are_several_keys(several):
    """NaN equals nothing, so a dict may have it as often as it likes."""
    value = several([float("nan"), float("nan"), 1.0])
    again = canonical.loads(canonical.dumps(value))
    assert (type(again), len(again)) == (type(value), 3)
