"""What is read from strangers is never larger, slower or more than its bytes, and one bad value fails alone."""

import datetime as dt
import json
import sys
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from odd_values import KEPT
from strategies import any_value

from otel_tracking import canonical
from otel_tracking.errors import RecordError
from otel_tracking.values.kinds import EnumValue, Opaque
from otel_tracking.values.rebuild import TAGS

PRIME = 2**61 - 1
"""`hash(n * PRIME)` is 0 for every n."""

NOBODY_WRITES = {
    "$str": ["plain", "\\x41", "\\N{DIGIT ONE}", 5, None, ["\\ud800"], "\\ud800\\x41", "\\uD800"],
    "$int": ["5", "0x5", "18446744073709551616 ", "1_8446744073709551616", 2**70, "0b1", "9" * 700, "x", ["1"], "0X1"],
    "$float": ["1.5", "NaN", "Infinity", 5, "1e400", "-nan", [], {}],
    "$tuple": ["ab", {"$range": [0, 400_000_000, 1]}, {"a": 1}, 5, None, {"$bytes": "QUJD"}, {"$set": [1, 2]}],
    "$set": ["ab", {"$range": [0, 400_000_000, 1]}, [[1]], [1, 1], [1, 1.0], [1, True], {"$tuple": [1]}, 5],
    "$frozenset": ["ab", {"$range": [0, 400_000_000, 1]}, [{}], [0.0, -0.0], 5],
    "$dict": [["ab"], [[1, 2, 3]], {"$range": [0, 9, 1]}, [[1, 1], [True, 2]], [[[], 1]], 5, {"a": 1}, "ab"],
    "$bytes": ["ä", "QQ", "QR==", "QQ==\n", {"$bytes": "QQ=="}, 5],
    "$bytearray": [5, [1, 2], 1_000_000_000, "Q"],
    "$complex": [["a"], [1, 2], [1.0], [True, 1.0], {"$tuple": [1.0, 2.0]}, 5],
    "$range": [[0, 1, 0], [0, True, 1], [5], [0.0, 1.0, 1.0], {"$range": [0, 3, 1]}, "abc"],
    "$datetime": [5, "2026-01-01", "2026-01-01 00:00:00", "0000-01-01T00:00:00", "10000-01-01T00:00:00", "x"],
    "$date": ["2026-1-1", "0000-01-01", "10000-01-01", "20260101", 0],
    "$time": ["24:00:00", "1", "T01:00:00"],
    "$timedelta": [[1e300], [0, 86400, 0], [0, 0, -1], [10**10, 0, 0], [True, 0, 0]],
    "$decimal": ["x", "1e5", " 1", "1_0", "1E+9999999999999999999", 5, {"$tuple": [0, [1], 5]}],
    "$fraction": ["1e12000000", "1e-12000000", "1/0", "2/4", "0.5", "3/1", "1/-2", "1" * 5000, "1/" + "1" * 5000],
    "$uuid": [5, "{00000000-0000-0000-0000-000000000000}", "0" * 32, "00000000-0000-0000-0000-00000000000A"],
    "$path": [[1], "a//b", "a/", 5, ""],
    "$windowspath": [[1], "a/b", 5],
    "$enum": [[1], ["a", "b"], ["a", 5, 1], [5, "b", 1], "abc", ["a", "b", 1, 2]],
    "$opaque": [["a"], ["a", 5], "ab", ["a", "b", "c"]],
}
"""By tag: payloads that `dumps` never writes, many of them bombs where they are believed."""


def loads_foreign(text):
    return canonical.decode_foreign(text).value


REFUSED = [(tag, payload) for tag, payloads in NOBODY_WRITES.items() for payload in payloads]


def size(value):
    """Values and the bytes in them; what is shared counts again."""
    if isinstance(value, dict):
        return 1 + sum(size(key) + size(entry) for key, entry in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return 1 + sum(map(size, value))
    if isinstance(value, str | bytes | bytearray):
        return 1 + len(value)
    if isinstance(value, int):
        return 1 + value.bit_length() // 8
    if isinstance(value, Fraction):
        return size(value.numerator) + size(value.denominator)
    if isinstance(value, range):
        return 1 + size(value.start) + size(value.stop) + size(value.step)
    if isinstance(value, EnumValue | Opaque):
        return 1 + sum(map(size, value._key()))
    if isinstance(value, Decimal):
        return 1 + len(value.as_tuple().digits)
    return 1


def calls(act):
    """How many functions were called, Python's own among them: time that does not depend on the machine."""
    counted = 0

    def count(frame, event, argument):
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(None)
    return counted


def text_of(tag, payload):
    return json.dumps({"before": [1], "odd": {tag: payload}, "after": True})


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_has_payloads_that_nobody_writes(tag):
    """A new tag needs its row above."""
    assert NOBODY_WRITES[tag]


@pytest.mark.parametrize(("tag", "payload"), REFUSED)
def test_what_nobody_writes_is_kept_as_its_text_and_counted(tag, payload):
    """One writer, one reader. What stands beside it is as it was."""
    value = canonical.loads(text_of(tag, payload))

    assert (value["before"], value["after"]) == ([1], True)
    assert type(value["odd"]) is Opaque
    assert canonical.decode(text_of(tag, payload)).lossy_values == 1
    assert value["odd"].class_name == tag
    assert value["odd"].description.startswith("refused, since ")
    assert canonical.settle(value) == (value, 1)


@pytest.mark.parametrize(("tag", "payload"), REFUSED)
def test_in_foreign_json_it_is_somebodys_own_object(tag, payload):
    """Nothing of it is lost: it was never ours."""
    value = loads_foreign(text_of(tag, payload))

    assert list(value["odd"]) == [tag]
    assert canonical.settle(value) == (value, 0)


@pytest.mark.parametrize("name", KEPT)
def test_what_somebody_writes_is_read(name):
    """By either reader."""
    text = canonical.dumps(KEPT[name]())
    assert canonical.dumps(canonical.loads(text)) == canonical.dumps(loads_foreign(text)) == text


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from([payload for payloads in NOBODY_WRITES.values() for payload in payloads]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.builds(lambda tag, payload: {tag: payload}, st.sampled_from([*TAGS, "$x", "$blob"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
@example({"$tuple": {"$tuple": {"$tuple": 5}}})
def test_any_json_is_read_and_is_no_larger_than_its_text(value):
    """Whatever is in it."""
    text = json.dumps(value)
    for read in (canonical.loads, loads_foreign):
        assert size(read(text)) <= 100 + 10 * len(text)
        canonical.dumps(read(text)).encode()


@given(any_value, st.data())
def test_a_damaged_text_is_read_or_refused(value, data):
    """Canonical text with a few characters changed is a value of no more than its size, or `NotCanonical`."""
    characters = list(canonical.dumps(value))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(characters) - 1))
        characters[place] = data.draw(st.sampled_from([*'0123456789eE+-/.,:[]{}"$\\aux ', "", "[" * 5]))
    text = "".join(characters)
    try:
        again = canonical.loads(text)
    except canonical.NotCanonical:
        return
    assert size(again) <= 100 + 10 * len(text)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1,]", "[" * 100_000, '{"a":' * 100_000, "[" * 2_000 + "]" * 2_000, '{"$tuple":[' * 130 + "]}" * 130],
)
def test_what_is_no_json_or_too_deep_is_refused_in_one_way(text):
    """A `RecordError`, which is a `ValueError` too."""
    for read in (canonical.loads, loads_foreign):
        with pytest.raises(canonical.NotCanonical, match="characters") as refused:
            read(text)
        assert isinstance(refused.value, RecordError)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 5_000, "-" + "9" * 1_000_000])
def test_a_number_that_python_has_none_for_is_kept_as_its_text(number):
    """Infinity would be another one, and to read a million digits takes the square of that."""
    for read in (canonical.loads, loads_foreign):
        value = read(f'{{"n":{number},"m":1}}')
        assert value["n"].description.endswith(number)
        assert value["m"] == 1


COLLIDING = {
    "integers": lambda number: number * PRIME,
    "floats": lambda number: float(2**61 * (number % 900)) if number % 2 else number * PRIME,
    "fractions": lambda number: {"$fraction": f"{number * PRIME}/1"[:-2]},
    "decimals": lambda number: {"$decimal": str(number * PRIME)},
    "pairs": lambda number: {"$tuple": [number * PRIME, 0]},
    "enums": lambda number: {"$enum": ["a", "b", number]},
    "enums of lists": lambda number: {"$enum": ["a", "b", [[number]]]},
    "sets": lambda number: {"$frozenset": [number * PRIME]},
    "sets of sets": lambda number: {"$frozenset": [{"$frozenset": [number * PRIME]}]},
}


def plain_of(entry):
    return entry if not isinstance(entry, int) or -(2**63) <= entry < 2**64 else {"$int": str(entry)}


@pytest.mark.parametrize("kind", COLLIDING)
@pytest.mark.parametrize("tag", ["$set", "$frozenset", "$dict"])
def test_keys_that_were_made_to_share_a_hash_are_refused(kind, tag):
    """Python would compare each with all before it: a megabyte of them takes minutes."""
    keys = [plain_of(COLLIDING[kind](number)) for number in range(1, 3_000)]
    text = json.dumps({tag: [[key, 0] for key in keys] if tag == "$dict" else keys})
    value = canonical.loads(text)

    assert type(value) is Opaque
    assert "share their hashes" in value.description or "nobody writes it so" in value.description
    assert loads_foreign(text).keys() == {tag}


def test_sets_within_sets_cannot_multiply_comparisons():
    """Each level alone is modest: 40 keys of one hash, each of which is a set of 40 such keys, and so on."""
    level = [plain_of(number * PRIME) for number in range(1, 41)]
    inner = [{"$frozenset": [{"$int": str(2**70 + number * PRIME)}, *level]} for number in range(1, 41)]
    text = json.dumps({"$frozenset": [{"$frozenset": [*inner, number]} for number in range(1, 41)]})

    assert calls(lambda: canonical.loads(text)) < 40 * len(text)


@pytest.mark.parametrize(
    "value",
    [
        {-1, -2, (-1, -2), (-2, -1), (-2, -2), (-1, -1)},
        {frozenset({-1}), frozenset({-2})},
        {(x, y, z) for x in range(-6, 6) for y in range(-6, 6) for z in range(-6, 6)},
        {number * PRIME for number in range(60)},
        {(x, y): [x] for x in range(-30, 30) for y in range(-30, 30)},
    ],
)
def test_keys_that_share_a_hash_by_chance_are_kept(value):
    """Minus one and minus two do, and so do the points of a grid."""
    assert canonical.loads(canonical.dumps(value)) == value


def many(tag, number):
    """A text with so many values of a tag, each of them refused or not."""
    payloads = [canonical.dumps(value) for value in GOOD.get(tag, [])] or ["5"]
    payloads += [json.dumps({tag: payload}) for payload in NOBODY_WRITES[tag]]
    return "[" + ",".join(payloads[position % len(payloads)] for position in range(number)) + "]"


GOOD = {
    "$fraction": [Fraction(1, 3), Fraction(-(10**3_000), 7)],
    "$decimal": [Decimal("1E+999999")],
    "$datetime": [dt.datetime(2026, 1, 1)],
    "$int": [2**70, 2**9_000],
    "$set": [{1, "a", (2,)}],
    "$dict": [{1: 2, "a": {3: 4}}],
}


@pytest.mark.parametrize("tag", NOBODY_WRITES)
def test_four_times_the_text_takes_four_times_the_steps(tag):
    """Counted in calls, not in seconds, also where every value is refused."""
    short, long = many(tag, 200), many(tag, 800)
    canonical.loads(short)

    assert calls(lambda: canonical.loads(long)) <= 4.2 * calls(lambda: canonical.loads(short))


@pytest.mark.parametrize("shape", ['{"$tuple":', '{"$set":[', '{"$dict":[[1,', "[", '{"a":'])
def test_refusing_the_innermost_of_many_tags_costs_no_more_for_each_around_it(shape):
    """Depth is bounded, and so is what it multiplies."""
    closing = shape.replace("{", "}").replace("[", "]")
    closing = "".join(character for character in reversed(closing) if character in "]}")
    steps = [
        calls(lambda depth=depth: canonical.loads(shape * depth + "[[5]]" + closing * depth)) for depth in (20, 80)
    ]

    assert steps[1] <= 4.5 * steps[0]
