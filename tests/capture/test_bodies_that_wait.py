"""A JSON body without secrets is kept as its bytes and read with its fact: the same comes out, no secret goes in."""

import base64
import copy
import hashlib
import json
import os
import signal

import httpx
import pytest
from builders import record_of
from children import start_python
from hypothesis import example, given
from hypothesis import strategies as st
from servers import json_reply

from collectors import recover
from collectors.testing import RememberingSink
from otel_tracking import canonical
from otel_tracking.capture.bodies import exact_body, read_body, read_harmless
from otel_tracking.capture.media import cut_base64
from otel_tracking.capture.waiting import WaitingBody, read_soon
from otel_tracking.frame import FACT, Unread, freeze, thaw
from otel_tracking.secrets.redaction import Redaction, RedactionPolicy

SECRET = "sk-0123456789abcdef0123"
TYPE = "application/json"


def waits(raw, policy=None, secrets=None):
    """Whether a body is left for later, once its names are known."""
    redaction = Redaction(policy or RedactionPolicy(), secrets)
    return isinstance(read_soon(raw, TYPE, redaction), WaitingBody)


def met(value, policy=None):
    """A body whose names were met before."""
    Redaction(policy or RedactionPolicy()).clean(copy.deepcopy(value))
    return WRITERS["compact"](value).encode()


NAMES = st.sampled_from(["seed", "prompt", "api_key", "API-KEY", "max_tokens", "token", "class_type", "inputs", "url"])
TEXTS = st.sampled_from(
    [
        *("Eine Blume", SECRET, "bearer of news", "Bearer abcdefgh1", "https://me:pw@host/", "https://h/?key=abcdefgh"),
        *("height_and_width", "ghp_0123456789abcdef", "ai4artsed_openrouter_key", "KSampler", "eyJhbGci", "4711"),
    ]
)
values = st.recursive(
    TEXTS | st.integers(-9, 2**65) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
WRITERS = {
    "compact": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "spaced": json.dumps,
    "ascii": lambda value: json.dumps(value, separators=(",", ":")),
    "indented": lambda value: json.dumps(value, indent=1),
    "odd": lambda value: json.dumps(value, separators=(" , ", " : ")),
}


@given(st.dictionaries(NAMES, values, max_size=4), st.sampled_from(sorted(WRITERS)), st.booleans())
def test_what_waits_is_read_as_if_it_had_not(value, writer, to_send_again):
    """And nothing that waits has anything in it that would have been removed."""
    raw = WRITERS[writer](value).encode()
    Redaction().clean(json.loads(raw))
    soon = read_soon(raw, TYPE, Redaction(), to_send_again=to_send_again)
    looked = Redaction()
    now = read_body(raw, TYPE, looked, to_send_again=to_send_again)
    if isinstance(soon, WaitingBody):
        assert not looked.removed
        assert read_harmless(soon.raw, TYPE, to_send_again=to_send_again) == now
    else:
        assert soon == now


PICTURE = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 6).decode()
ODD_BODIES = {
    "keys in no order": b'{"z":1,"a":{"y":[{"d":1,"c":2}],"b":null}}',
    "a name twice": b'{"seed":1,"prompt":"Eine Blume","seed":2}',
    "a name twice, deep": b'{"a":[{"b":1,"b":{"c":1,"c":1}}]}',
    "large numbers": b'{"seed":18446744073709551616,"a":-9223372036854775809,"b":[123456789012345678901234567890]}',
    "a number of too many digits": b'{"a":' + b"9" * 5_000 + b"}",
    "a number that is infinite": b'{"seed":1e999,"temperature":1E400}',
    "numbers as they are written": b'{"a":1.0,"b":1.50,"c":1e3,"d":-0,"e":-0.0,"f":0.1}',
    "no number": b'{"a":NaN,"b":[Infinity,-Infinity]}',
    "no UTF-8": b'{"prompt":"Bl\xfcte"}',
    "half a character": b'{"a":"\xf0\x9f\x8c"}',
    "half a surrogate": b'{"a":"\\ud83c","b":"\\udf3c\\ud83c"}',
    "a mark before it": b'\xef\xbb\xbf{"seed":7}',
    "blanks around it": b'\n {"seed" : 7 ,\t"a": [ ] }\r\n',
    "in ASCII": b'{"prompt":"Bl\\u00fcte","a":"\\ud83c\\udf3c \\/ \\b"}',
    "letters as numbers": b'{"\\u0073eed":7,"prompt":"\\u0045ine Blume"}',
    "a picture": json.dumps({"images": [PICTURE, PICTURE[22:]], "prompt": "Eine Blume"}).encode(),
    "a picture with line ends": json.dumps({"images": PICTURE + "\r\n"}).encode(),
    "a large picture": json.dumps({"images": [base64.b64encode(bytes(range(256)) * 300).decode()]}).encode(),
    "deep lists": b'{"a":' + b"[" * 150 + b"1" + b"]" * 150 + b"}",
    "deep objects": b'{"a":' * 150 + b"1" + b"}" * 150,
    "deeper than anybody reads": b"[" * 5_000 + b"]" * 5_000,
    "a list": b'[{"b":1,"a":"Eine Blume"},2]',
    "a text": b'"Eine Blume"',
    "a number": b"7",
    "nothing": b"null",
    "two": b'{"a":1}{"b":2}',
    "not all of it": b'{"a":1,"b":',
    "many": json.dumps({str(number): {"b": number, "a": "x" * 40} for number in range(2_000)}).encode(),
}


@pytest.mark.parametrize("to_send_again", [True, False], ids=["request", "answer"])
@pytest.mark.parametrize("name", ODD_BODIES)
def test_odd_bodies_are_what_they_would_have_been_had_they_not_waited(name, to_send_again):
    """Frozen on one thread and read on another: value, form, order of keys, sums, references to media."""
    raw = ODD_BODIES[name]
    now = read_body(raw, TYPE, Redaction(), to_send_again=to_send_again)
    soon = read_soon(raw, TYPE, Redaction(), to_send_again=to_send_again)
    if isinstance(soon, WaitingBody):
        payload = freeze((FACT, 7, "body", Unread({}, soon.raw, TYPE, to_send_again=to_send_again)))
        fact = thaw(payload)[-1]
        soon = (fact["body"], fact["body_facts"])
    assert (canonical.dumps(soon[0]), soon[1]) == (canonical.dumps(now.value), now.facts)
    if to_send_again and (name == "a picture" or now.facts.get("form") or "exact_text" in now.facts):
        assert exact_body(*soon, media=MEDIA) == raw


MEDIA = {hashlib.sha256(data).hexdigest(): data for data in (base64.b64decode(PICTURE[22:]), bytes(range(256)) * 300)}
WAITING = sorted(
    set(ODD_BODIES)
    - {"no number", "a number that is infinite", "half a surrogate", "a mark before it", "a large picture"}
)


@pytest.mark.parametrize("name", WAITING)
def test_nearly_all_of_them_wait(name):
    is_json = name not in ("deeper than anybody reads", "two", "not all of it")
    assert waits(ODD_BODIES[name]) is is_json


@given(values, st.sets(st.sampled_from(["Eine Blume", "4711471147", "KSampler"])))
@example({"seed": "Eine Blume"}, {"Eine Blume"})
@example({"Eine Blume": 1}, {"Eine Blume"})
def test_nothing_waits_that_repeats_a_secret_that_is_known(value, secrets):
    raw = met({"body": value})
    redaction = Redaction(secrets=set(secrets))
    redaction.clean({"body": copy.deepcopy(value)}, None, cut_base64)
    if redaction.removed:
        assert not waits(raw, secrets=set(secrets))


@pytest.mark.parametrize("name", ["api_key", "prompt", "\\u0061pi_key"])
@pytest.mark.parametrize("order", [1, -1])
def test_nothing_waits_that_has_a_name_twice(name, order):
    """The first of two is seen by no reader, but it would be in the bytes."""
    met({"api_key": None, "prompt": "", "seed": 7})
    pairs = [f'"{name}":"{SECRET}"', f'"{json.loads(chr(34) + name + chr(34))}":null'][::order]
    assert not waits(f'{{"seed":7,{",".join(pairs)}}}'.encode())
    assert not waits(f'{{"seed":7,{" , ".join(pairs).replace(":", " : ", 1)}}}'.encode())


@pytest.mark.parametrize(
    "policy",
    [
        RedactionPolicy(names=frozenset({"pin"})),
        RedactionPolicy(also=(lambda name, value: name == "pin",)),
        RedactionPolicy(node_classes=frozenset({"Pin"})),
    ],
)
def test_policies_of_ones_own_are_asked(policy):
    value = {"pin": "0000", "class_type": "Pin", "inputs": {"any": "0000"}}
    raw = met(value, policy)
    assert not waits(raw, policy)


def test_a_name_that_a_policy_allows_is_kept_when_it_is_read():
    policy = RedactionPolicy(allowed=frozenset({"session_id"}))
    raw = met({"session_id": "4711"}, policy)
    assert waits(raw, policy)
    assert read_harmless(raw, TYPE, to_send_again=True).value == {"session_id": "4711"}


def test_a_fact_with_such_bytes_is_a_plain_value_once_it_is_thawed():
    raw = b'{"b":1,"a":"Eine Blume"}'
    payload = freeze((FACT, 7, "passed", Unread({"method": "POST"}, raw, TYPE, to_send_again=True)))
    _, _, _, value = thaw(payload)
    assert value["method"] == "POST"
    assert (value["body"], value["body_facts"]["key_order"]) == ({"b": 1, "a": "Eine Blume"}, "1,0")


def test_answers_and_requests_say_the_same_whenever_they_are_read(backend):
    """The first exchange meets its names, so it is read at once; the second one waits."""
    asked = {"prompt": "Eine Blume", "options": {"seed": 7}}
    backend.answer = lambda request: json_reply({"model": "m", "seed": 2**64 - 1, "usage": {"total": 3}, "id": "r"})

    def run_it(run):
        with run.stage(2) as stage:
            for _ in range(2):
                with stage.backend_call("ollama") as call, httpx.Client(transport=call.transport()) as client:
                    client.post(backend.url, json=asked)

    first, second = [span for span in record_of(run_it).spans if span.kind == "client"]
    for name in ("body", "body_facts", "method", "url"):
        assert first.passed[name] == second.passed[name]
    for name in ("body", "body_facts", "model", "seed", "id", "usage", "status"):
        assert first.response[name] == second.response[name]
    assert second.response["seed"] == 2**64 - 1


DYING = """
import os, signal, sys, httpx
from collectors import start_recording
from collectors.testing import RememberingSink

def answer(request):
    return httpx.Response(200, json={"response": "Eine Blume aus dem Modell", "done": True})

recording = start_recording([RememberingSink()], journal=sys.argv[1])
run = recording.tracker().execution("dada")
stage = run.stage(2)
for number in range(3):
    call = stage.backend_call("ollama")
    client = httpx.Client(transport=call.transport(httpx.MockTransport(answer)))
    headers = {"authorization": "Bearer " + sys.argv[2]}
    body = {"prompt": "Eine blaue Blume", "seed": number, "key": {"a": [1, 2]}}
    if number == 2:
        body["api_key"] = sys.argv[2]
    client.post("http://localhost/", json=body, headers=headers)
os.write(1, b"said\\n")
signal.pause()
"""


def test_what_waits_is_there_after_kill_9_and_no_secret_ever_was(ram):
    """Nothing but the pipeline's own thread has run since: the bytes are in the journal, and what is secret is not."""
    child = start_python(DYING, ram, SECRET)
    assert child.stdout.readline() == b"said\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    journal = b"".join(path.read_bytes() for path in ram.rglob("*") if path.is_file())
    assert b"Eine blaue Blume" in journal
    assert SECRET.encode() not in journal

    sink = RememberingSink()
    recover([sink], directory=ram)
    [record] = sink.latest().values()
    calls = [span for span in record.spans if span.kind == "client"]
    assert [call.passed["body"]["seed"] for call in calls] == [0, 1, 2]
    assert {call.passed["body"]["prompt"] for call in calls} == {"Eine blaue Blume"}
    assert calls[2].passed["body"]["api_key"] == "[removed: api_key]"
    assert {call.response["body"]["response"] for call in calls} == {"Eine Blume aus dem Modell"}
    assert "form" in calls[1].passed["body_facts"]
