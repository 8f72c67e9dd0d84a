"""A configured value that left as another is listed with both; what left as it was is never listed."""

import base64
import copy
import datetime as dt
import functools
import hashlib
import json
import math
from urllib.parse import parse_qsl, urlencode

import hypothesis.strategies as st
import pytest
from builders import a_span
from hypothesis import given

from otel_tracking.capture.media import cut_base64
from otel_tracking.passed_differently import PassedDifferently, passed_differently
from otel_tracking.values.places import ABSENT

NAMES = st.text(max_size=5)
SINGLE = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
VALUES = st.recursive(
    SINGLE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
CONFIGURED = st.dictionaries(NAMES, VALUES, max_size=4)


def found(configured, passed, **facts):
    return passed_differently(a_span(kind="client", configured=configured, passed=passed, facts=facts or None))


def request(body, **more):
    return {"method": "POST", "url": "http://127.0.0.1/", "body": body, "body_facts": {}, **more}


@given(CONFIGURED)
def test_nothing_is_listed_where_configured_equals_passed(configured):
    assert found(configured, copy.deepcopy(configured)) == ()
    assert found(configured, request(json.loads(json.dumps(configured)))) == ()


@given(st.dictionaries(NAMES, st.integers() | st.text(max_size=8), max_size=4))
def test_nothing_is_listed_where_a_form_carries_what_was_configured(configured):
    fields = dict(parse_qsl(urlencode(configured, errors="surrogatepass"), keep_blank_values=True))
    if all(fields.get(name) == str(value) for name, value in configured.items()):
        assert found(configured, request(None, query=fields)) == ()


@given(NAMES, VALUES, st.data())
def test_a_changed_value_of_any_kind_is_listed_with_both(name, value, data):
    passed = {name: copy.deepcopy(value)}
    path = data.draw(st.sampled_from(_paths(passed)))
    before = _at(passed, path)
    after = data.draw(SINGLE.filter(lambda other: not _says(before, other)))
    _put(passed, path, after)
    (change,) = found({name: value}, passed)
    assert (change.name, repr(change.configured), repr(change.passed)) == (
        ".".join(map(str, path)),
        repr(before),
        repr(after),
    )


def _paths(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    deeper = [found for key, part in inner for found in _paths(part, (*path, key))]
    return deeper or [path]


def _at(value, path):
    for step in path:
        value = value[step]
    return value


def _put(value, path, other):
    *way, last = path
    _at(value, way)[last] = other


def _says(value, other):
    """Whether both would be written as the same text: by hand, not by the code that is tried here."""
    kinds = {type(value), type(other)}
    if isinstance(value, dict | list):
        return False
    if bool in kinds or None.__class__ in kinds:
        return str(value).lower() == str(other).lower() if str in kinds else value is other
    if str in kinds and len(kinds) > 1:
        return _float(value) == _float(other)
    return value == other or (value != value and other != other)


def _float(value):
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def test_a_prompt_that_was_cut_is_listed_with_lengths_and_hashes():
    prompt = "Ein Garten am Meer. " * 88 + "xx"
    (cut,) = found({"prompt": prompt, "model": "m"}, request({"model": "m", "prompt": prompt[:1677]}))
    assert (cut.name, cut.place) == ("prompt", "/body/prompt")
    told = cut.to_dict()
    assert (told["configured"]["characters"], told["passed"]["characters"]) == (1762, 1677)
    assert told["configured"]["sha256"] != told["passed"]["sha256"]


@pytest.mark.parametrize(
    ("configured", "passed"),
    [
        (25, "25"),
        ("25", 25),
        ("5.50", 5.5),
        (1, 1.0),
        (True, "true"),
        ("False", False),
        (math.nan, math.nan),
        (-0.0, 0),
        ((1024, 768), [1024, 768]),
        (dt.date(2026, 11, 28), "2026-11-28"),
        ({"num_ctx": 8192}, {"num_ctx": 8192, "seed": 7}),
        (b"PNG", {"media": {"sha256": hashlib.sha256(b"PNG").hexdigest(), "bytes": 3, "type": None}}),
    ],
)
def test_what_says_the_same_on_the_wire_is_not_a_change(configured, passed):
    assert found({"x": configured}, {"x": passed}) == ()


@pytest.mark.parametrize(
    ("configured", "passed"),
    [
        (50, 25),
        ("random", 123456789),
        (None, 7),
        (7, None),
        (True, 1),
        (1, True),
        (0, None),
        ("", None),
        ("A flower", "a flower"),
        ("A flower", "A flower "),
        (9007199254740993, 9007199254740992.0),
        ("{{SEED}}", 7),
        (["a", "b"], ["a"]),
        (b"one", {"media": {"sha256": "00", "bytes": 3, "type": None}}),
    ],
)
def test_what_says_something_else_is_a_change(configured, passed):
    assert found({"x": configured}, {"x": passed}) == (PassedDifferently("x", "/x", configured, passed),)


def test_a_part_of_a_whole_is_named_with_dots_and_may_be_gone():
    configured = {"options": {"top_p": 0.9, "stop": ["a", "b"], "seed": 7}}
    passed = request({"options": {"stop": ["a", "c"], "seed": 7, "num_ctx": 1}})
    assert found(configured, passed) == (
        PassedDifferently("options.top_p", "/body/options/top_p", 0.9, ABSENT),
        PassedDifferently("options.stop.1", "/body/options/stop/1", "b", "c"),
    )
    assert found(configured, passed)[0].to_dict() == {
        "name": "options.top_p",
        "place": "/body/options/top_p",
        "configured": 0.9,
    }


def test_of_several_places_of_one_name_one_with_the_value_is_enough():
    graph = {"3": {"inputs": {"steps": 20}}, "7": {"inputs": {"steps": 4}}}
    assert found({"steps": 4}, request({"prompt": graph})) == ()
    assert found({"steps": 5}, request({"prompt": graph})) == (
        PassedDifferently("steps", "/body/prompt/3/inputs/steps", 5, 20),
    )


def test_where_a_value_is_said_to_have_gone_it_is_everywhere():
    graph = {"3": {"inputs": {"noise": 7}}, "7": {"inputs": {"noise": 8}}}
    places = ["/body/prompt/3/inputs/noise", "/body/prompt/7/inputs/noise"]
    assert found({"seed": 7}, request({"prompt": graph}), injected={"seed": places}) == (
        PassedDifferently("seed", places[1], 7, 8),
    )


def test_a_graph_that_was_sent_differs_only_where_no_other_parameter_went():
    graph = {"3": {"inputs": {"seed": 1, "steps": 20}}}
    sent = {"3": {"inputs": {"seed": 7, "steps": 8}}}
    facts = {"injected": {"graph": ["/body/prompt"], "seed": ["/body/prompt/3/inputs/seed"]}}
    (steps,) = found({"graph": graph, "seed": 7}, request({"prompt": sent}), **facts)
    assert steps == PassedDifferently("graph.3.inputs.steps", "/body/prompt/3/inputs/steps", 20, 8)
    named = {**facts, "engine": {"instructions": ["graph"]}}
    assert found({"graph": "sd35_large", "seed": 7}, request({"prompt": sent}), **named) == ()


def test_a_lora_that_was_taken_apart_is_there_with_each_of_its_values():
    node = {"class_type": "LoraLoader", "inputs": {"lora_name": "a.safetensors", "strength_model": 0.8}}
    facts = {"injected": {"loras": ["/body/prompt/12"]}}
    sent = request({"prompt": {"12": node}})
    assert found({"loras": [{"name": "a.safetensors", "strength": 0.8}]}, sent, **facts) == ()
    assert found({"loras": [{"name": "a.safetensors", "strength": 0.9}]}, sent, **facts) == (
        PassedDifferently("loras.0.strength", "/body/prompt/12", 0.9, ABSENT),
    )


def test_an_instruction_to_the_engine_was_not_to_leave_itself():
    sent = request({"prompt": {"6": {"inputs": {"text": "A flower"}}}})
    facts = {"injected": {"inject": ["/body/prompt/6/inputs/text"]}}
    assert len(found({"inject": {"prompt": "6"}}, sent, **facts)) == 1
    assert found({"inject": {"prompt": "6"}}, sent, **facts, engine={"instructions": ["inject"]}) == ()


def test_where_two_parameters_went_to_the_same_place_each_is_compared():
    facts = {"injected": {"seed": ["/body/noise"], "inject": ["/body/noise"]}, "engine": {"instructions": ["inject"]}}
    configured = {"seed": 7, "inject": {"seed": "noise"}}
    assert found(configured, request({"noise": 7}), **facts) == ()
    assert found(configured, request({"noise": 8}), **facts) == (PassedDifferently("seed", "/body/noise", 7, 8),)


def test_a_field_of_a_form_of_several_parts_is_compared_with_its_text():
    parts = [{"name": "steps", "text": "20"}, {"name": "image", "media": {"sha256": "00"}}]
    passed = request(parts) | {"body_facts": {"media_type": "multipart/form-data"}}
    assert found({"steps": 20}, passed) == ()
    assert found({"steps": 25}, passed) == (PassedDifferently("steps", "/body/steps", 25, "20"),)


@pytest.mark.parametrize("configured", [None, [], "x", {}, {"x": 1}])
@pytest.mark.parametrize("passed", [None, [], "x", {"body_facts": 5}])
@pytest.mark.parametrize("facts", [None, 5, {"injected": 5, "engine": 5}, {"injected": {"x": [5, "", "/a/~"]}}])
def test_an_odd_record_does_no_harm(configured, passed, facts):
    assert passed_differently(a_span(configured=configured, passed=passed, facts=facts)) == ()


def test_a_text_that_went_into_a_list_of_parts_is_looked_for_in_it():
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "A flower"}, {"type": "image_url"}]}]}
    facts = {"injected": {"prompt": ["/body/messages/0/content"]}}
    assert found({"prompt": "A flower"}, request(body), **facts) == ()
    assert [change.name for change in found({"prompt": "A red flower"}, request(body), **facts)] == ["prompt"]


def test_a_picture_is_compared_with_the_reference_to_the_one_that_left():
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(2_000)).decode()
    sent = request({"image": cut_base64(picture)})
    assert isinstance(sent["body"]["image"], dict)
    for facts in ({}, {"injected": {"image": ["/body/image"]}}):
        assert found({"image": picture}, sent, **facts) == ()
        assert [one.name for one in found({"image": picture[:-4] + "AAAB"}, sent, **facts)] == ["image"]


def test_ten_thousand_parameters_and_places_are_looked_through():
    names = [f"p{number}" for number in range(10_000)]
    configured = {name: {"a": number} for number, name in enumerate(names)}
    passed = request({"all": [{name: {"a": number + 1}} for number, name in enumerate(names)]})
    places = {"injected": {name: [f"/body/all/{number}/{name}"] for number, name in enumerate(names)}}
    assert len(found(configured, passed)) == len(names)
    assert len(found({**configured, "p1": {"a": 2}}, passed, **places)) == len(names) - 1


def test_a_value_of_many_levels_is_looked_through():
    deep = functools.reduce(lambda inner, _: {"x": inner}, range(250), 1)
    other = functools.reduce(lambda inner, _: {"x": inner}, range(250), 2)
    assert len(found({"value": deep}, {"value": other})) == 1
    assert found({"value": deep}, {"value": copy.deepcopy(deep)}) == ()
