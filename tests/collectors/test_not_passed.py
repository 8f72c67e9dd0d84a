"""What was configured and never left: looked for under its own name, and where `injected` says that it went."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_value

from collectors.building.not_passed import not_passed
from otel_tracking.values.places import named_places, names_among

PASSED = {
    "method": "POST",
    "body": {"prompt": {"115:110": {"inputs": {"value": "blurry"}}, "a/b~c": {}}, "list": [{"x": None}]},
}


def facts(injected, **configured):
    return {"configured": configured, "passed": PASSED, "injected": injected}


def test_a_parameter_with_its_own_name_on_the_wire_was_passed():
    assert not_passed(facts({}, value=1, x=2, method=3, steps=4)) == ("steps",)


@pytest.mark.parametrize(
    "pointer",
    ["/body/prompt/115:110/inputs/value", "/body/prompt/a~1b~0c", "/body/list/0", "/body/list/0/x", "/body"],
)
def test_a_parameter_was_passed_where_it_is_said_to_have_gone(pointer):
    assert not_passed(facts({"negative_prompt": [pointer]}, negative_prompt="blurry", loras=[])) == ("loras",)


@pytest.mark.parametrize(
    "places",
    [
        ["/body/prompt/12"],
        ["/body/list/1"],
        ["/body/list/x"],
        ["/method/x"],
        ["body"],
        [""],
        [5],
        [],
        None,
        "/body",
    ],
)
def test_a_place_that_is_not_there_proves_nothing(places):
    assert not_passed(facts({"loras": places}, loras=[])) == ("loras",)


@pytest.mark.parametrize("injected", [None, [], "loras", 5])
def test_an_odd_fact_does_no_harm(injected):
    assert not_passed(facts(injected, loras=[])) == ("loras",)


def test_nothing_is_said_where_nothing_is_known_to_have_been_passed():
    assert not_passed({"configured": {"steps": 4}}) == ()
    assert not_passed({"passed": PASSED}) == ()


_names = st.sampled_from(["steps", "media", "body", "sha256", ""]) | any_value.filter(lambda value: _is_key(value))
_parts = st.recursive(
    any_value,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=12,
)


def _is_key(value):
    try:
        return value == value and hash(value) is not None
    except TypeError:
        return False


@given(
    _parts | st.fixed_dictionaries({"body": _parts, "body_facts": _parts, "query": _parts}), st.sets(_names, max_size=5)
)
def test_a_name_that_is_among_what_was_passed_has_a_place_there(passed, wanted):
    """Whoever asks for no place is told the same names."""
    assert names_among(passed, wanted) == set(named_places(passed, wanted))
