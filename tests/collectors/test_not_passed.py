"""What was configured and never left: looked for under its own name, and where `injected` says that it went."""

import pytest

from collectors.building.not_passed import not_passed

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
