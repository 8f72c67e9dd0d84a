"""A text that is read in C says what the same text says to Python's reader, whoever wrote it, to the last digit."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from odd_values import KEPT
from strategies import any_text, any_value, plain_json

from otel_tracking import canonical
from otel_tracking.values.kinds import NotWritten
from otel_tracking.values.plain_json import to_json
from otel_tracking.values.rebuild import read_all_plain, read_plain

NUMBERS = [
    *("0", "-0", "-0.0", "0.0", "1e400", "-1e400", "1e-400", "5e-324", "1e5", "1E5", "1e+5", "1.0", "100000.0", "1.10"),
    *("9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615"),
    *("18446744073709551616", "18446744073709551615.0", "1" + "0" * 30, "1" * 5000, "-" + "1" * 5000),
    *("0.1", "123456789.123456789", "1.7976931348623157e308", "9007199254740993", "9007199254740993.0", "1e16", "1e22"),
    *("NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x1"),
]
TEXTS = [
    *('"a"', '"\\u0061"', '"\\u00e4"', '"ä"', '"\\/"', '"/"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0024"', '"\x7f"'),
    *('"\u2028"', '"\\n"', '"\\u000a"', '"\\u001f"', '"\\u001F"', '"\x1f"', '"\\b\\f"', '"\\x"', '"\ud800"', '"'),
]

tokens = st.sampled_from([*NUMBERS, *TEXTS, "null", "true", "false", "[]", "{}", "nul"])
written = st.builds(lambda value: json.dumps(value, separators=(",", ":")), plain_json | st.floats() | st.integers())
keys = st.sampled_from(['"a"', '"b"', '"$tuple"', '"$int"', '"$x"', '"\\u0024set"', '"\\u0061"', "1"])
texts = st.recursive(
    tokens | written | st.builds(json.dumps, any_text),
    lambda inner: (
        st.builds(lambda parts: f"[{','.join(parts)}]", st.lists(inner, max_size=4))
        | st.builds(
            lambda pairs: "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}",
            st.lists(st.tuples(keys, inner), max_size=4),
        )
    ),
    max_leaves=8,
)


def said(text):
    """What a text says, types, signs, and the order of keys included; or how it is refused."""
    try:
        value, lossy = canonical.decode(text)
    except canonical.NotCanonical as refused:
        # The words of a reader say where it stopped.
        return str(refused).partition(":")[0].partition(" ")[2]
    return canonical.dumps(value), lossy, in_order(value)


def in_order(value):
    """The parts of a value in the order in which they stand, with their types; sets have none."""
    if isinstance(value, dict):
        return [(in_order(key), in_order(entry)) for key, entry in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [in_order(entry) for entry in value]
    return type(value), canonical.dumps(value)


def assert_is_read_alike(text):
    # No writer begins with a blank: behind one, Python's reader has the whole of it.
    assert said(text) == said(" " + text)


@given(texts)
@settings(max_examples=400)
@example('{"a":1,"a":2}')
@example('{"b":1,"a":{"b":[1e400]}}')
@example("[" * 200 + "]" * 200)
@example("[" * 253 + "]" * 253)
@example("[" * 900 + "]" * 900)
@example('{"a":' * 300 + "1" + "}" * 300)
@example("\ufeff1")
def test_any_text_is_read_alike(text):
    assert_is_read_alike(text)


@given(texts)
@settings(max_examples=400)
@example('{"$set":[1]}')
@example('{"price":"$5"}')
@example('{"a":[{"$x":1}]}')
@example('{"a":0,"$tuple":0}')
@example("[" * 249 + "1" + "]" * 249)
@example("[" * 250 + "1" + "]" * 250)
@example('{"a":' * 249 + "[]" + "}" * 249)
@example('{"a":' * 248 + "[]" + "}" * 248)
def test_what_is_said_to_be_plain_is_what_json_can_say(text):
    try:
        value = read_plain(text)
    except NotWritten:
        return
    assert in_order(value) == in_order(canonical.loads(text))
    assert to_json(value) == canonical.dumps(value)
    assert canonical.settle(value) == (value, 0)


@given(
    st.lists(texts | st.sampled_from(["1", "1,2", " 1", "1 ", "[1", "2]", "[1]", '{"a":1', "1}", '"', "", "-0", "1.0"]))
)
@settings(max_examples=400)
@example(["[1", "2]"])
@example(["1", "12"])
@example(["1 ", "2"])
@example(['"a', 'b"'])
def test_several_texts_are_read_as_each_of_them_is(some):
    try:
        expected = [read_plain(text) for text in some]
    except NotWritten:
        with pytest.raises(NotWritten):
            read_all_plain(some)
    else:
        assert in_order(read_all_plain(some)) == in_order(expected)


@given(plain_json)
def test_what_we_write_of_plain_values_is_said_to_be_plain(value):
    text = canonical.dumps(value)
    if '{"$' in text:
        with pytest.raises(NotWritten):
            read_plain(text)
    else:
        assert read_plain(text) == value


@pytest.mark.parametrize("token", [*NUMBERS, *TEXTS])
@pytest.mark.parametrize("around", ["{}", "[{}]", '{{"a":{}}}', '{{"$tuple":[{}]}}', '{{"$int":{}}}'])
def test_every_odd_number_and_text_is_read_alike_wherever_it_stands(token, around):
    assert_is_read_alike(around.format(token))


@given(any_value)
def test_what_we_write_is_read_alike(value):
    assert_is_read_alike(canonical.dumps(value))


@pytest.mark.parametrize("name", KEPT)
def test_what_we_write_of_odd_values_is_read_alike(name):
    assert_is_read_alike(canonical.dumps(KEPT[name]))
