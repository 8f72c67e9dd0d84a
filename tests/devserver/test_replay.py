"""`devserver.replay`: which bytes a record gives again, what stands in the way, and where secrets come from."""

import hashlib
import json
from dataclasses import replace

import httpx
import pytest
from builders import a_record, a_span
from hypothesis import given
from hypothesis import strategies as st

from devserver.backends.servers import PROVIDERS
from devserver.embedded import embedded_engines
from devserver.replay import Planner, Wishes
from devserver.replay.bodies import make_body
from devserver.replay.calls import recorded_calls
from devserver.replay.engines import EmbeddedEngines
from devserver.replay.follow import GivenOut, old_name_in
from devserver.replay.plan import redirected
from devserver.replay.secrets import Secrets, variable
from devserver.replay.seeds import with_seed
from otel_tracking import canonical
from otel_tracking.capture.bodies import read_body
from otel_tracking.secrets.redaction import Redaction

ENGINES = EmbeddedEngines(embedded_engines())
URL = "http://127.0.0.1:11434/api/generate"


def passed_of(raw, content_type="application/json", **more):
    """What is recorded as passed of a request with this body, after a round trip through a record."""
    redaction = Redaction()
    headers = redaction.headers([("content-type", content_type), *more.pop("headers", ())])
    url = redaction.text(more.pop("url", URL), ("url", None))
    body, facts = read_body(raw, content_type, redaction)
    passed = {"method": "POST", "url": url, "headers": headers, "body": body, "body_facts": facts, "attempt": 1}
    return canonical.loads(canonical.dumps({**passed, "redacted": redaction.removed, **more}))


def plan_of(*passed, wishes=None, environment=None, **fields):
    """The steps for attempts that passed this."""
    spans = [
        a_span(span_id=f"{number:016x}", kind="client", name="chat m", backend_used="b", stage=2, passed=each)
        for number, each in enumerate(passed, start=1)
    ]
    planner = Planner(wishes or Wishes(), Secrets(environment or {}, PROVIDERS), ENGINES)
    return planner.plan(a_record(spans=tuple(spans), **fields))


def obstacle_of(passed, **options):
    """What stands in the way of one attempt."""
    [step] = plan_of(passed, **options)
    return step.obstacle


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
written = st.builds(
    lambda value, ascii_only, spaced: json.dumps(
        value, ensure_ascii=ascii_only, separators=(", ", ": ") if spaced else (",", ":")
    ),
    json_values,
    st.booleans(),
    st.booleans(),
)


@given(written | st.sampled_from([' {"a":1}\n', '{"seed": 1e0, "b":2}', '{"z":1,"a":{"y":2,"b":3}}']))
def test_whatever_json_left_leaves_again_byte_for_byte(text):
    """Also after the record was stored, which sorts keys."""
    raw = text.encode("utf-8", "surrogatepass")
    passed = passed_of(raw)
    if not passed["redacted"]:
        assert make_body(passed, {}).raw == raw


@given(st.text(), st.binary(max_size=200), st.text(st.characters(categories=["L", "N"], codec="ascii"), min_size=1))
def test_a_multipart_body_is_put_together_again(text, data, name):
    """As httpx wrote it, with the file from the data directory."""
    request = httpx.Request("POST", URL, files={"image": (f"{name}.png", data, "image/png")}, data={"note": text})
    raw = request.read()
    passed = passed_of(raw, request.headers["content-type"])
    if not passed["redacted"]:
        assert make_body(passed, {hashlib.sha256(data).hexdigest(): data}).raw == raw


@given(json_values, st.integers(0, 2**64))
def test_another_seed_changes_nothing_but_seeds(value, seed):
    changed, replaced = with_seed({"seed": 1, "rest": value}, seed)

    assert (changed["seed"], replaced >= 1) == (seed, True)
    back, _ = with_seed(changed, 1)
    assert canonical.dumps(back) == canonical.dumps(with_seed({"seed": 1, "rest": value}, 1)[0])


def test_the_seed_is_where_the_run_put_it():
    """The graph has another number called seed, which the run left alone; names may hold every sign."""
    raw = b'{"prompt":{"3":{"inputs":{"seed":5}},"a/b~c":{"inputs":{"noise":7}}}}'
    made = make_body(passed_of(raw), {}, seed=8, seed_places=["/prompt/a~1b~0c/inputs/noise"])

    assert made.raw == raw.replace(b"7", b"8")
    assert make_body(passed_of(raw), {}, seed=8).raw == raw.replace(b"5", b"8")


def test_json_in_an_unusual_form_is_written_compactly_with_another_seed_and_that_is_said():
    made = make_body(passed_of(b'{ "z":1, "seed":7 }'), {}, seed=8)

    assert (made.raw, made.is_exact) == (b'{"z":1,"seed":8}', False)
    assert made.notes == ("the JSON was written in an unusual way; it is written compactly now",)


def a_deep_value():
    value = {"seed": 1}
    for _ in range(5_000):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("passed", "says"),
    [
        (passed_of(b"{}", complete=False), "its body had not left to its end"),
        (passed_of(b"\0" * 9, "image/png"), "a file that it sent is not in the data directory (image/png, 9 bytes,"),
        (passed_of(b"\0" * 9, "x/y", body_facts={"bytes": 9}), "a file that it sent is not in the data directory"),
        ({**passed_of(b'{"a":1}'), "body": {"a": 2}}, "the record does not hold its exact bytes"),
        (passed_of(b"password=geheim1234", "text/plain"), "a secret was removed from a body that is not plain JSON"),
        (passed_of(b"{}", url="ftp://127.0.0.1/x"), "'ftp://127.0.0.1/x' is no address of a web server"),
        (passed_of(b"{}", url="http://[::1"), "'http://[::1' is no address of a web server"),
        (passed_of(b"{}", url="http://10.0.0.1/"), "10.0.0.1 is not this machine; --allow-host 10.0.0.1 would send it"),
        (None, "nothing was recorded as passed"),
        ("a prompt", "what was passed has no names"),
    ],
)
def test_an_obstacle_is_named_in_a_part_of_a_sentence(passed, says):
    assert obstacle_of(passed).startswith(says)


def test_a_value_nested_too_deeply_is_an_obstacle_and_no_crash():
    assert obstacle_of({"text": a_deep_value(), "seed": 1}, wishes=Wishes(seed=2)) == (
        "what was passed is nested too deeply"
    )


def test_headers_of_the_connection_and_the_trace_are_new():
    old = [("host", "a"), ("content-length", "2"), ("traceparent", "00-1"), ("accept", "*/*"), ("x-two", "1")]
    [step] = plan_of(passed_of(b"{}", headers=[*old, ("x-two", "2")]))

    kept = [("content-type", "application/json"), ("accept", "*/*"), ("x-two", "1"), ("x-two", "2")]
    assert sorted(step.todo.headers) == sorted(kept)


SECRET = "sk-or-v1-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("url", "environment", "leaves"),
    [
        ("https://openrouter.ai/api/v1/x", {"OPENROUTER_API_KEY": "key"}, "Bearer key"),
        ("https://openrouter.ai/api/v1/x", {"REPLAY_SECRET_OPENROUTER_AI_AUTHORIZATION": "Basic x"}, "Basic x"),
        ("http://openrouter.ai/api/v1/x", {"OPENROUTER_API_KEY": "key"}, None),
        ("https://openrouter.ai.evil.example/x", {"OPENROUTER_API_KEY": "key"}, None),
        ("https://api.school.example/x", {"OPENROUTER_API_KEY": "key"}, None),
    ],
)
def test_a_key_goes_to_its_own_host_alone_and_over_tls(url, environment, leaves):
    """The provider's variable is for the provider's address; anybody else needs a variable of its own."""
    host = httpx.URL(url).host
    passed = passed_of(b"{}", url=url, headers=[("authorization", f"Bearer {SECRET}")])
    [step] = plan_of(passed, environment=environment, wishes=Wishes(allowed_hosts=frozenset({host})))

    if leaves is None:
        assert step.obstacle == (
            f"a secret was removed (authorization); {variable(url, 'authorization')} in the environment would hold it"
        )
    else:
        assert ("authorization", leaves) in step.todo.headers
        assert leaves not in repr(step)
        assert leaves not in canonical.dumps(step.to_dict())


def test_a_secret_in_a_url_is_put_back_for_sending_and_never_shown():
    passed = passed_of(b"{}", url="http://127.0.0.1:9/v1?key=4711classroom&size=2")
    assert "REPLAY_SECRET_127_0_0_1_KEY" in obstacle_of(passed)
    [step] = plan_of(passed, environment={"REPLAY_SECRET_127_0_0_1_KEY": "a b"})

    assert step.todo.url == "http://127.0.0.1:9/v1?key=a%20b&size=2"
    assert step.todo.shown_url == "http://127.0.0.1:9/v1?key=[removed: key]&size=2"
    assert "a%20b" not in repr(step) + canonical.dumps(step.to_dict())


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("http://gpu:11434/api", "http://127.0.0.1:1/api"),
        ("http://gpu:11434", "http://127.0.0.1:1"),
        ("http://gpu:114345/api", "http://gpu:114345/api"),
        ("http://gpu:11434.evil.example/api", "http://gpu:11434.evil.example/api"),
        ("https://gpu:11434/api", "https://gpu:11434/api"),
    ],
)
def test_only_whole_beginnings_of_a_url_are_replaced(url, becomes):
    assert redirected(url, [("http://gpu:11434/", "http://127.0.0.1:1")]) == becomes


def test_a_call_with_several_requests_has_them_in_the_order_in_which_they_left():
    """The call itself speaks of the last one with a body; the others have spans below it."""
    call = a_span(
        span_id="aa", kind="client", backend_used="comfyui", stage=4, passed={**passed_of(b"{}"), "attempt": 2}
    )
    children = [
        a_span(span_id=f"c{number}", parent_span_id="aa", kind="client", passed={**passed_of(b""), "attempt": number})
        for number in (10, 3, 1)
    ]
    [recorded] = recorded_calls(a_record(spans=(call, *children)))

    assert [span.passed["attempt"] for span in recorded.attempts] == [1, 2, 3, 10]
    [only] = recorded_calls(a_record(spans=(replace(call, passed=None), children[2])))
    assert [span.span_id for span in only.attempts] == ["c1"]


def test_names_are_followed_through_the_answers_that_give_them_out():
    """A ticket, then what is listed under it; a new name never leads to another host or path."""
    given_out = GivenOut()
    given_out.learn({"prompt_id": "old-ticket"}, {"prompt_id": "new-ticket"})
    given_out.learn({"old-ticket": {"file": "old-file.png"}}, {"new-ticket": {"file": "../../etc?x=1#y"}})

    assert given_out.in_url("http://h/history/old-ticket", "old-ticket") == "http://h/history/new-ticket"
    followed = given_out.in_url("http://h/view?filename=old-file.png&type=output", "old-file.png")
    assert followed == "http://h/view?filename=..%2F..%2Fetc%3Fx%3D1%23y&type=output"
    assert given_out.in_url("http://h/view/old-file.png", "old-file.png") == "http://h/view/..%2F..%2Fetc%3Fx=1%23y"
    assert given_out.in_url("http://h/history/another", "another") is None


def test_a_short_word_in_a_url_is_no_name_that_was_given_out():
    assert old_name_in("http://h/history/success", ["success"]) is None
    assert old_name_in("http://h/view?filename=a%20picture.png", ["a picture.png"]) == "a picture.png"
