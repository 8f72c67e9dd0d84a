"""Whatever a request holds, its answer is a result or a sentence that says what would have worked: never a 500."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_stage import client_of, devserver_in, execute

from devserver.embedded import embedded_engines

PATH = "/api/schema/pipeline/execute?wait=0"
GOOD = {"schema": "dada", "input_text": "Eine Blume"}

ODD = {
    "nothing": "null",
    "infinity": "Infinity",
    "minus infinity": "-Infinity",
    "not a number": "NaN",
    "a number too large for Python": "1e400",
    "minus zero": "-0.0",
    "a fraction": "1.5",
    "a number of 400 digits": "1" + "0" * 400,
    "a number of 5000 digits": "9" * 5_000,
    "true": "true",
    "an empty text": '""',
    "a text of minus signs": '"--5"',
    "digits that are not ours": '"٣²"',
    "a text of a megabyte": '"' + "x" * 2**20 + '"',
    "half a character": '"\\ud800"',
    "control characters": '"\\u0000\\u001b[2J"',
    "a path": '"/etc/passwd"',
    "a list": "[1]",
    "a list of nothing": "[null]",
    "a list of texts": '["es", "en"]',
    "a list of infinity": "[1e400]",
    "an object": '{"a": 1}',
    "an empty object": "{}",
    "a deep list": "[" * 900 + "]" * 900,
    "an abyss": "[" * 100_000 + "]" * 100_000,
    "an object that looks like a tag": '{"$fraction": "1e12000000"}',
    "a repeated key": '{"a": 1, "a": 2}',
}
FIELDS = (
    *("schema", "input_text", "execution_mode", "safety_level", "seed", "languages", "parameters", "images", "async"),
    *("user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues", "unknown"),
)
WITHIN = {
    "a parameter": '"parameters": {"cut": %s}',
    "an addressed parameter": '"parameters": {"interception.cut": %s}',
    "an image": '"images": [%s]',
    "the data of an image": '"images": [{"data": %s}]',
    "the name of an image": '"images": [{"data": "iVBORw0KGgo=", "name": %s}]',
    "a language": '"languages": [%s]',
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Students' and teachers' both: nobody needs a token here."""
    with devserver_in(tmp_path_factory.mktemp("odd")) as devserver, client_of(devserver) as client:
        yield client


def is_answered(answer):
    """A run that was taken, or no run and a sentence."""
    if answer.status_code == 202:
        return True
    body = json.loads(answer.get_data(as_text=True), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    return answer.status_code in (400, 403, 404, 503) and len(body["error"]) > 20


def send(client, *members):
    fields = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in GOOD.items()]
    return client.post(
        PATH, data=("{" + ", ".join([*fields, *members]) + "}").encode(), content_type="application/json"
    )


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", FIELDS)
def test_every_field_may_hold_anything(client, field, odd):
    """The last one of a name counts, as in every reader of JSON here."""
    answer = send(client, f'"{field}": {ODD[odd]}')
    assert is_answered(answer), answer.get_data(as_text=True)[:300]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", WITHIN)
def test_so_may_every_place_within_a_field(client, place, odd):
    """Parameters, pictures, languages."""
    answer = send(client, WITHIN[place] % ODD[odd])
    assert is_answered(answer), answer.get_data(as_text=True)[:300]


@pytest.mark.parametrize("odd", ODD)
def test_so_may_the_body_as_a_whole(client, odd):
    """What is no object is refused."""
    answer = client.post(PATH, data=ODD[odd].encode(), content_type="application/json")
    assert answer.status_code == 400
    assert is_answered(answer)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["random", "es"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), anything, max_size=4))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_answered(client, fields):
    """Whatever is in it."""
    answer = client.post(PATH, data=json.dumps({**GOOD, **fields}).encode(), content_type="application/json")
    assert is_answered(answer), answer.get_data(as_text=True)[:300]


@pytest.mark.parametrize(
    ("number", "shown"), [("Infinity", "Infinity"), ("1e400", "1e400"), ("1.5", "1.5"), ("1e300", "1e+300")]
)
def test_a_seed_that_is_no_whole_number_is_shown_with_one_that_is(client, number, shown):
    """Which field, what came, what would have worked."""
    answer = send(client, f'"seed": {number}')
    assert answer.status_code == 400
    assert shown in answer.get_json()["error"]
    assert "123456789" in answer.get_json()["error"] or "JSON" in answer.get_json()["error"]


@pytest.mark.parametrize(
    "query", ["limit=--5", "offset=1e400", "limit=²", "since=0001-01-01T00:00:00%2B05:00", "date=0"]
)
@pytest.mark.parametrize("path", ["/api/runs", "/runs"])
def test_an_odd_address_is_answered(client, path, query):
    """Numbers and times in an address are read with the same care."""
    assert client.get(f"{path}?{query}").status_code == 400


def test_an_odd_form_is_answered(client):
    """The page sends no JSON, and a seed all the same."""
    for seed in ("--5", "²", "1e400", "9" * 5_000):
        answer = client.post("/runs", data={"config": "dada", "prompt": "Eine Blume", "seed": seed})
        assert answer.status_code == 400, seed


WAITED = "/api/schema/pipeline/execute"
DEEP = json.loads("[" * 50 + "]" * 50)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"cut": "thirds"}, "known are words, characters, lines"),
        ({"cut": None}, "known are words, characters, lines"),
        ({"words_per_line": 10**400}, "whole number from 0 to 1000"),
        ({"context": 5}, "a text around {{INPUT_TEXT}} would work"),
        ({"cut": DEEP}, "levels"),
    ],
)
def test_a_parameter_that_an_engine_does_not_understand_is_the_requests_fault(tmp_path, parameters, sentence):
    """A 400 with what would have worked, and not the server's 500, where it is found out while the run goes on."""
    with devserver_in(tmp_path, dada=embedded_engines().makers["dada"]) as devserver, client_of(devserver) as client:
        answer = client.post(WAITED, json={**GOOD, "parameters": parameters})

    assert answer.status_code == 400
    assert sentence in answer.get_json()["error"]


def test_a_journey_that_cannot_be_made_is_refused_before_its_first_hop(tmp_path):
    """A 400, and no run."""
    with devserver_in(tmp_path) as devserver, client_of(devserver) as client:
        answer = execute(client, languages=["en", "xx"])
        total = client.get("/api/runs").get_json()["total"]

    assert (answer.status_code, total) == (400, 0)
    assert "language 2 is 'xx'" in answer.get_json()["error"]
